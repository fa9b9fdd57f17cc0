// The run-length encoding of DICOM PS3.5 annex G. Ours, because the decoder of DCMTK 3.6.7 reads outside its input when
// the offsets of the segments are damaged.
#include "dicom_picture.h"
#include "report.h"

#include <algorithm>

namespace medmoe {

namespace {

constexpr size_t header_bytes = 64;

size_t number(const uint8_t *bytes) {
    return size_t(bytes[0]) | size_t(bytes[1]) << 8 | size_t(bytes[2]) << 16 | size_t(bytes[3]) << 24;
}

// One byte of every pixel, written `step` bytes apart; false when the segment ends before they are all there.
bool unpack(const uint8_t *bytes, size_t count, uint8_t *out, size_t pixels, size_t step) {
    size_t at = 0, done = 0;
    while (done < pixels && at < count) {
        const unsigned control = bytes[at++];
        if (control == 128) {
            continue;
        }
        const bool is_run = control > 128;
        const size_t length = std::min<size_t>(is_run ? 257 - control : control + 1, pixels - done);
        if (count - at < (is_run ? 1 : length)) {
            return false;
        }
        for (size_t i = 0; i < length; i++) {
            out[(done + i) * step] = bytes[is_run ? at : at + i];
        }
        at += is_run ? 1 : length;
        done += length;
    }
    return done == pixels;
}

}  // namespace

medmoe_image_status decode_rle(const uint8_t *bytes, size_t count, size_t pixels, unsigned components,
                               unsigned bytes_each, uint8_t *samples, char *message) {
    const size_t segments = size_t(components) * bytes_each;
    if (count < header_bytes || segments > 15 || number(bytes) != segments) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the RLE data of the DICOM picture do not have the %zu segments that its header implies",
                             segments);
    }
    for (size_t segment = 0; segment < segments; segment++) {
        const size_t start = number(bytes + 4 + 4 * segment);
        const size_t end = segment + 1 < segments ? number(bytes + 8 + 4 * segment) : count;
        // Segments go by component and then from the highest byte to the lowest.
        const size_t component = segment / bytes_each, byte = bytes_each - 1 - segment % bytes_each;
        uint8_t *out = samples + component * bytes_each + byte;
        if (start < header_bytes || end > count || start > end ||
            !unpack(bytes + start, end - start, out, pixels, segments)) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                                 "the RLE data of the DICOM picture are damaged or end too early");
        }
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
