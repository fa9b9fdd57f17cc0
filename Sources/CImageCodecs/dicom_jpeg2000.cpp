// JPEG 2000 codestreams by OpenJPEG; DCMTK has no codec for them. The header is checked here first, because OpenJPEG
// takes memory for every tile and component that a header claims.
#include "dicom_picture.h"
#include "report.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include <openjpeg-2.5/openjpeg.h>

namespace medmoe {

namespace {

constexpr uint64_t most_tiles = 4096;
// Pieces of a picture that OpenJPEG keeps a record of; ordinary pictures have some thousands.
constexpr uint64_t most_blocks = uint64_t(1) << 20;
constexpr uint64_t most_packets = uint64_t(1) << 22;

struct Source {
    const uint8_t *bytes;
    size_t count;
    size_t at;
};

OPJ_SIZE_T read_bytes(void *buffer, OPJ_SIZE_T wanted, void *data) {
    Source &source = *static_cast<Source *>(data);
    const size_t given = std::min<size_t>(wanted, source.count - source.at);
    if (given == 0) {
        return OPJ_SIZE_T(-1);
    }
    std::memcpy(buffer, source.bytes + source.at, given);
    source.at += given;
    return given;
}

OPJ_OFF_T skip_bytes(OPJ_OFF_T wanted, void *data) {
    Source &source = *static_cast<Source *>(data);
    if (wanted < 0) {
        return -1;
    }
    source.at += std::min<size_t>(size_t(wanted), source.count - source.at);
    return wanted;
}

OPJ_BOOL seek_bytes(OPJ_OFF_T to, void *data) {
    Source &source = *static_cast<Source *>(data);
    if (to < 0 || size_t(to) > source.count) {
        return OPJ_FALSE;
    }
    source.at = size_t(to);
    return OPJ_TRUE;
}

uint64_t number(const uint8_t *bytes) {
    return uint64_t(bytes[0]) << 24 | uint64_t(bytes[1]) << 16 | uint64_t(bytes[2]) << 8 | bytes[3];
}

// How many tiles the codestream holds data of. OpenJPEG leaves tiles black that are not there.
uint64_t tiles_held(const uint8_t *bytes, size_t count, uint64_t tiles) {
    size_t at = 2;
    while (at + 4 <= count && bytes[at] == 0xFF && bytes[at + 1] != 0x90) {
        at += 2 + (size_t(bytes[at + 2]) << 8 | bytes[at + 3]);
    }
    std::vector<bool> seen(size_t(tiles), false);
    while (at + 12 <= count && bytes[at] == 0xFF && bytes[at + 1] == 0x90) {
        const size_t tile = size_t(bytes[at + 4]) << 8 | bytes[at + 5];
        const uint64_t length = number(bytes + at + 6);
        if (tile < seen.size()) {
            seen[tile] = true;
        }
        if (length < 12) {  // 0: to the end.
            break;
        }
        at += size_t(std::min<uint64_t>(length, count - at));
    }
    return uint64_t(std::count(seen.begin(), seen.end(), true));
}

// The plan of a codestream as far as it decides how much memory decoding takes.
struct Plan {
    uint64_t width, height, tiles, components;
    uint64_t layers = 1;
    bool is_sane = true;

    uint64_t divided(uint64_t size, unsigned exponent) const {
        return (size >> exponent) + ((size & ((uint64_t(1) << exponent) - 1)) != 0 ? 1 : 0);
    }

    // What stands from the number of levels on, in the markers COD and COC alike.
    void read_style(const uint8_t *bytes, size_t count, bool has_precincts) {
        if (count < 5 || bytes[0] > 32 || (has_precincts && count < size_t(bytes[0]) + 6)) {
            is_sane = false;
            return;
        }
        const unsigned levels = bytes[0];
        const unsigned block_wide = (bytes[1] & 15) + 2u, block_high = (bytes[2] & 15) + 2u;
        const uint64_t blocks = divided(width, block_wide) * divided(height, block_high) * components;
        uint64_t precincts = 0;
        for (unsigned level = 0; level <= levels; level++) {
            const unsigned size = has_precincts ? bytes[5 + level] : 0xFF;
            const unsigned shrunk = levels - level;
            precincts += divided(divided(width, shrunk), size & 15) * divided(divided(height, shrunk), size >> 4);
        }
        precincts = (precincts + tiles * (levels + 1)) * components;
        is_sane = is_sane && blocks <= most_blocks && precincts <= most_blocks && precincts * layers <= most_packets;
    }

    // The marker segments from `at` on, up to another kind of marker than those of a header.
    size_t read_segments(const uint8_t *bytes, size_t count, size_t at) {
        while (at + 4 <= count && bytes[at] == 0xFF && bytes[at + 1] != 0x90 && bytes[at + 1] != 0x93) {
            const size_t length = size_t(bytes[at + 2]) << 8 | bytes[at + 3];
            if (length < 2 || length > count - at - 2) {
                is_sane = false;
                break;
            }
            const uint8_t *segment = bytes + at + 4;
            const size_t held = length - 2;
            if (bytes[at + 1] == 0x52 && held >= 5) {
                layers = uint64_t(segment[2]) << 8 | segment[3];
                read_style(segment + 5, held - 5, (segment[0] & 1) != 0);
            } else if (bytes[at + 1] == 0x53) {
                const size_t before = components < 257 ? 2 : 3;
                if (held < before) {
                    is_sane = false;
                    break;
                }
                read_style(segment + before, held - before, (segment[before - 1] & 1) != 0);
            }
            at += 2 + length;
        }
        return at;
    }
};

medmoe_image_status check_header(const uint8_t *bytes, size_t count, int64_t width, int64_t height, unsigned components,
                                 char *message) {
    // Start of codestream, then the marker of its size.
    static const uint8_t start[] = {0xFF, 0x4F, 0xFF, 0x51};
    if (count < 42 || std::memcmp(bytes, start, sizeof(start)) != 0) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the JPEG 2000 data do not begin as a codestream does");
    }
    const uint64_t right = number(bytes + 8), bottom = number(bytes + 12);
    const uint64_t left = number(bytes + 16), top = number(bytes + 20);
    const uint64_t tile_width = number(bytes + 24), tile_height = number(bytes + 28);
    const unsigned found = unsigned(bytes[40]) << 8 | bytes[41];
    if (right - left != uint64_t(width) || bottom - top != uint64_t(height) || found != components) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the JPEG 2000 data are not of the size or the number of components in the header");
    }
    const uint64_t tile_left = number(bytes + 32), tile_top = number(bytes + 36);
    if (tile_width == 0 || tile_height == 0 || tile_left > left || tile_top > top) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the JPEG 2000 data are damaged: their tiles cannot be");
    }
    const uint64_t tiles = ((right - tile_left + tile_width - 1) / tile_width) *
                           ((bottom - tile_top + tile_height - 1) / tile_height);
    if (tiles > most_tiles) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "the JPEG 2000 data have more than %llu tiles",
                             (unsigned long long)most_tiles);
    }
    Plan plan = {uint64_t(width), uint64_t(height), tiles, components};
    size_t at = plan.read_segments(bytes, count, 2);
    while (at + 12 <= count && bytes[at] == 0xFF && bytes[at + 1] == 0x90) {
        const uint64_t length = number(bytes + at + 6);
        plan.read_segments(bytes, count, at + 12);
        if (length < 12 || length > count - at) {
            break;
        }
        at += size_t(length);
    }
    if (!plan.is_sane) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "the JPEG 2000 data are cut into far more pieces than a picture of %llu x %llu needs, or "
                             "their header is damaged",
                             (unsigned long long)width, (unsigned long long)height);
    }
    if (tiles_held(bytes, count, tiles) != tiles) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the JPEG 2000 data are damaged or end too early: not all of %llu tiles are there",
                             (unsigned long long)tiles);
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace

medmoe_image_status decode_jpeg2000(const uint8_t *bytes, size_t count, int64_t width, int64_t height,
                                    unsigned components, unsigned bytes_each, uint8_t *samples, char *message) {
    const medmoe_image_status status = check_header(bytes, count, width, height, components, message);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    Source source = {bytes, count, 0};
    const std::unique_ptr<opj_codec_t, void (*)(opj_codec_t *)> codec(
        static_cast<opj_codec_t *>(opj_create_decompress(OPJ_CODEC_J2K)), [](opj_codec_t *c) { opj_destroy_codec(c); });
    const std::unique_ptr<opj_stream_t, void (*)(opj_stream_t *)> stream(
        static_cast<opj_stream_t *>(opj_stream_create(OPJ_J2K_STREAM_CHUNK_SIZE, OPJ_TRUE)),
        [](opj_stream_t *s) { opj_stream_destroy(s); });
    if (codec == nullptr || stream == nullptr) {
        return medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "OpenJPEG could not start");
    }
    opj_stream_set_user_data(stream.get(), &source, nullptr);
    opj_stream_set_user_data_length(stream.get(), count);
    opj_stream_set_read_function(stream.get(), read_bytes);
    opj_stream_set_skip_function(stream.get(), skip_bytes);
    opj_stream_set_seek_function(stream.get(), seek_bytes);
    opj_dparameters_t parameters;
    opj_set_default_decoder_parameters(&parameters);
    opj_image_t *opened = nullptr;
    const bool decoded = opj_setup_decoder(codec.get(), &parameters) == OPJ_TRUE &&
                         opj_decoder_set_strict_mode(codec.get(), OPJ_TRUE) == OPJ_TRUE &&
                         opj_read_header(stream.get(), codec.get(), &opened) == OPJ_TRUE &&
                         opj_decode(codec.get(), stream.get(), opened) == OPJ_TRUE;
    const std::unique_ptr<opj_image_t, void (*)(opj_image_t *)> image(opened, [](opj_image_t *i) {
        if (i != nullptr) {
            opj_image_destroy(i);
        }
    });
    if (!decoded || image == nullptr || image->numcomps != components) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the JPEG 2000 data are damaged or end too early");
    }
    const uint64_t pixels = uint64_t(width) * uint64_t(height);
    for (unsigned channel = 0; channel < components; channel++) {
        const opj_image_comp_t &component = image->comps[channel];
        if (component.data == nullptr || int64_t(component.w) != width ||
            int64_t(component.h) != height || component.prec > 8 * bytes_each) {
            return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                                 "JPEG 2000 data with smaller components or more bits than the header states are not "
                                 "supported");
        }
        for (uint64_t i = 0; i < pixels; i++) {
            const uint32_t value = uint32_t(component.data[i]);
            for (unsigned byte = 0; byte < bytes_each; byte++) {
                samples[(i * components + channel) * bytes_each + byte] = uint8_t(value >> (8 * byte));
            }
        }
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
