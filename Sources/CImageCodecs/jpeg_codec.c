// JPEG by the TurboJPEG interface of libjpeg-turbo, version 2.1 or later.
#include "CImageCodecs.h"
#include "report.h"

#include <limits.h>
#include <string.h>
#include <turbojpeg.h>

// Whether the segments before the first scan run beyond the end. libjpeg makes up an end of image there and then
// complains about whatever it was reading.
static int ends_before_scan(const uint8_t *bytes, size_t count) {
    size_t at = 2;
    while (at + 4 <= count) {
        const unsigned marker = bytes[at + 1];
        if (bytes[at] != 0xFF || marker == 0xDA || marker == 0xD9) {
            return 0;
        }
        if (marker == 0xFF) {
            at += 1;
        } else {
            at += 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
        }
    }
    return 1;
}

static medmoe_image_status describe(tjhandle handle, const uint8_t *bytes, size_t count, char *message) {
    // The texts are libjpeg's own, with numbers of the header at most.
    const char *text = handle != NULL ? tjGetErrorStr2(handle) : "no picture in the file";
    if (ends_before_scan(bytes, count) || strstr(text, "Premature end of JPEG file") != NULL) {
        return medmoe_report(message, MEDMOE_IMAGE_TRUNCATED, "the JPEG ends after %zu bytes, before its picture does",
                             count);
    }
    if (strstr(text, "Unsupported") != NULL || strstr(text, "not supported") != NULL ||
        strstr(text, "Could not determine subsampling") != NULL) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "this kind of JPEG is not supported (libjpeg: %s)",
                             text);
    }
    return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the JPEG is damaged (libjpeg: %s)", text);
}

// Flaws that cameras and converters write into good files and that leave the pixels alone.
static int is_harmless(const char *text) {
    return strstr(text, "extraneous bytes before marker") != NULL ||
           strstr(text, "Invalid SOS parameters for sequential JPEG") != NULL ||
           strstr(text, "Unknown Adobe color transform code") != NULL;
}

static medmoe_image_status open_jpeg(const uint8_t *bytes, size_t count, tjhandle *handle, medmoe_image_size *size,
                                     char *message) {
    if (count < 3 || bytes[0] != 0xFF || bytes[1] != 0xD8 || bytes[2] != 0xFF) {
        return medmoe_report(message, MEDMOE_IMAGE_NOT_AN_IMAGE, "the bytes do not begin as a JPEG does");
    }
    if (count > LONG_MAX) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "the JPEG is too large");
    }
    *handle = tjInitDecompress();
    if (*handle == NULL) {
        return medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "TurboJPEG could not start");
    }
    int width = 0, height = 0, subsampling = 0, colour = 0;
    medmoe_image_status status = MEDMOE_IMAGE_OK;
    if (tjDecompressHeader3(*handle, bytes, (unsigned long)count, &width, &height, &subsampling, &colour) != 0) {
        status = describe(*handle, bytes, count, message);
    } else if (colour == TJCS_CMYK || colour == TJCS_YCCK) {
        status = medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                               "a CMYK JPEG is made for printing presses and is not supported; save it as RGB");
    } else if (width < 1 || height < 1) {
        status = describe(NULL, bytes, count, message);
    }
    if (status != MEDMOE_IMAGE_OK) {
        tjDestroy(*handle);
        return status;
    }
    *size = (medmoe_image_size){width, height, 1, 1, 0, 0};
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status medmoe_jpeg_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message) {
    tjhandle handle = NULL;
    medmoe_image_status status = open_jpeg(bytes, count, &handle, size, message);
    if (status == MEDMOE_IMAGE_OK) {
        tjDestroy(handle);
    }
    return status;
}

medmoe_image_status medmoe_jpeg_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                       char *message) {
    tjhandle handle = NULL;
    medmoe_image_size found;
    medmoe_image_status status = open_jpeg(bytes, count, &handle, &found, message);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    if (found.width != size.width || found.height != size.height) {
        status = medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the JPEG is not of the size its probe gave");
    } else {
        // A few scans make a progressive picture; hundreds make a trap that takes minutes.
        const int flags = TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS;
        const unsigned long length = (unsigned long)count;
        const int width = (int)size.width, height = (int)size.height;
        // libjpeg fills what is missing with gray and only warns. Such a picture must not pass for a whole one, so the
        // first warning stops, unless it is one of the harmless ones.
        const int strict = flags | TJFLAG_STOPONWARNING;
        int failed = tjDecompress2(handle, bytes, length, rgb, width, 0, height, TJPF_RGB, strict);
        if (failed != 0 && is_harmless(tjGetErrorStr2(handle))) {
            failed = tjDecompress2(handle, bytes, length, rgb, width, 0, height, TJPF_RGB, flags);
            if (failed != 0 && tjGetErrorCode(handle) == TJERR_WARNING && is_harmless(tjGetErrorStr2(handle))) {
                failed = 0;
            }
        }
        if (failed != 0) {
            status = describe(handle, bytes, count, message);
        }
    }
    tjDestroy(handle);
    return status;
}
