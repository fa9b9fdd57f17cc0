// Still WebP by libwebp.
#include "CImageCodecs.h"
#include "report.h"

#include <string.h>
#include <webp/decode.h>

static medmoe_image_status describe(VP8StatusCode code, size_t count, char *message) {
    switch (code) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
        return medmoe_report(message, MEDMOE_IMAGE_TRUNCATED, "the WebP ends after %zu bytes, before its picture does",
                             count);
    case VP8_STATUS_OUT_OF_MEMORY:
        return medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "no memory left to decode the WebP");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "this kind of WebP is not supported by libwebp");
    default: return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the WebP is damaged: its picture cannot be read");
    }
}

medmoe_image_status medmoe_webp_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message) {
    if (count < 12 || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WEBP", 4) != 0) {
        return medmoe_report(message, MEDMOE_IMAGE_NOT_AN_IMAGE, "the bytes do not begin as a WebP does");
    }
    WebPBitstreamFeatures features;
    const VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
    if (code != VP8_STATUS_OK) {
        return describe(code, count, message);
    }
    if (features.has_animation) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "an animated WebP is not supported; send the picture that is meant as a still one");
    }
    if (features.width < 1 || features.height < 1) {
        return describe(VP8_STATUS_BITSTREAM_ERROR, count, message);
    }
    *size = (medmoe_image_size){features.width, features.height, 1, 1, 0, 0};
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status medmoe_webp_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                       char *message) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "this libwebp is older than its header");
    }
    VP8StatusCode code = WebPGetFeatures(bytes, count, &config.input);
    if (code != VP8_STATUS_OK) {
        return describe(code, count, message);
    }
    if (config.input.width != size.width || config.input.height != size.height) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the WebP is not of the size its probe gave");
    }
    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = rgb;
    config.output.u.RGBA.stride = config.input.width * 3;
    config.output.u.RGBA.size = (size_t)size.width * (size_t)size.height * 3;
    code = WebPDecode(bytes, count, &config);
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? MEDMOE_IMAGE_OK : describe(code, count, message);
}
