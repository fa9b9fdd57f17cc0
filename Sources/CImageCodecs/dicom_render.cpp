// Rendering: stored values to grays. Done here and not by DCMTK's own renderer so that each step is the standard's
// formula and nothing else, and agrees with other implementations to the gray level.
#include "dicom_reader.h"
#include "report.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace medmoe {

namespace {

// The item that holds `inner` for the first frame: in enhanced objects it stands in the shared or per-frame groups.
DcmItem *functional_group(DcmDataset &dataset, const DcmTagKey &inner) {
    for (const DcmTagKey &outer : {DCM_PerFrameFunctionalGroupsSequence, DCM_SharedFunctionalGroupsSequence}) {
        DcmItem *group = nullptr, *found = nullptr;
        if (dataset.findAndGetSequenceItem(outer, group, 0).good() &&
            group->findAndGetSequenceItem(inner, found, 0).good()) {
            return found;
        }
    }
    return nullptr;
}

}  // namespace

medmoe_image_status GrayScale::read(DcmDataset &dataset, GrayScale &scale, char *message) {
    DcmItem *rescale = functional_group(dataset, DCM_PixelValueTransformationSequence);
    if (rescale == nullptr) {
        rescale = &dataset;
    }
    if (rescale->findAndGetFloat64(DCM_RescaleSlope, scale.slope).bad()) {
        scale.slope = 1;
    }
    if (rescale->findAndGetFloat64(DCM_RescaleIntercept, scale.intercept).bad()) {
        scale.intercept = 0;
    }
    if (!std::isfinite(scale.slope) || scale.slope == 0 || !std::isfinite(scale.intercept)) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM rescale slope or intercept is not usable");
    }
    DcmItem *window = functional_group(dataset, DCM_FrameVOILUTSequence);
    if (window == nullptr) {
        window = &dataset;
    }
    // A window without a positive width says nothing; viewers pass over it too.
    scale.has_window = window->findAndGetFloat64(DCM_WindowCenter, scale.center).good() &&
                       window->findAndGetFloat64(DCM_WindowWidth, scale.width).good() && std::isfinite(scale.center) &&
                       std::isfinite(scale.width) && scale.width > 0;
    OFString name;
    if (window->findAndGetOFString(DCM_VOILUTFunction, name).good()) {
        scale.function = name == "SIGMOID" ? sigmoid : name == "LINEAR_EXACT" ? linear_exact : linear;
    }
    DcmItem *table = nullptr;
    if (!scale.has_window && dataset.findAndGetSequenceItem(DCM_VOILUTSequence, table).good()) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "a DICOM display look-up table without a window is not yet supported");
    }
    return MEDMOE_IMAGE_OK;
}

uint8_t GrayScale::gray(double value) const {
    double share;
    switch (function) {
    case sigmoid: share = 1 / (1 + std::exp(-4 * (value - center) / width)); break;
    case linear_exact: share = (value - center) / width + 0.5; break;
    default:
        // Widths of 1 and less leave a threshold at center - 0.5.
        share = width > 1 ? (value - (center - 0.5)) / (width - 1) + 0.5 : (value > center - 0.5 ? 1 : 0);
    }
    return uint8_t(std::floor(std::min(std::max(share, 0.0), 1.0) * 255 + 0.5));
}

medmoe_image_status DicomReader::render(uint8_t *rgb) {
    GrayScale scale;
    const medmoe_image_status status = GrayScale::read(dataset_, scale, message_);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    DcmElement *element = nullptr;
    if (dataset_.findAndGetElement(DCM_PixelData, element).bad()) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED, "the DICOM object holds no picture");
    }
    // At most 65,535 x 65,535 x 2 x 2^31: fits 64 bits.
    const uint64_t pixels = uint64_t(size_.width) * uint64_t(size_.height);
    const unsigned bytes_each = bits_allocated_ / 8;
    const uint64_t expected = pixels * bytes_each * uint64_t(size_.frames);
    const uint64_t held = element->getLength();
    if (held < expected) {
        return medmoe_report(message_, MEDMOE_IMAGE_TRUNCATED,
                             "the DICOM pixel data holds %llu bytes, but %lld x %lld pixels in %lld frames take %llu",
                             (unsigned long long)held, (long long)size_.width, (long long)size_.height,
                             (long long)size_.frames, (unsigned long long)expected);
    }
    // DCMTK keeps words in the machine's order and bytes as they came.
    Uint16 *words = nullptr;
    Uint8 *octets = nullptr;
    if (element->getUint16Array(words).bad() || words == nullptr) {
        words = nullptr;
        if (element->getUint8Array(octets).bad() || octets == nullptr) {
            return medmoe_report(message_, MEDMOE_IMAGE_CORRUPT, "the DICOM pixel data cannot be read");
        }
    }
    const unsigned shift = high_bit_ + 1 - bits_stored_;
    const unsigned mask = (1u << bits_stored_) - 1;
    const bool wide = bytes_each == 2;
    const auto stored = [&](uint64_t i) -> unsigned {
        unsigned raw;
        if (words != nullptr) {
            raw = wide ? words[i] : unsigned(words[i / 2] >> (8 * (i & 1))) & 0xFF;
        } else {
            raw = wide ? unsigned(octets[2 * i] | (octets[2 * i + 1] << 8)) : octets[i];
        }
        return (raw >> shift) & mask;
    };
    const auto rescaled = [&](unsigned raw) -> double {
        const bool negative = signed_ && ((raw >> (bits_stored_ - 1)) & 1) != 0;
        const double value = negative ? double(raw) - double(1u << bits_stored_) : double(raw);
        return value * scale.slope + scale.intercept;
    };
    double lowest = 0, highest = 0;
    if (!scale.has_window) {
        lowest = highest = rescaled(stored(0));
        for (uint64_t i = 1; i < pixels; i++) {
            const double value = rescaled(stored(i));
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
    }
    std::vector<uint8_t> grays(size_t(mask) + 1);
    for (unsigned raw = 0; raw <= mask; raw++) {
        const double value = rescaled(raw);
        uint8_t gray = 0;
        if (scale.has_window) {
            gray = scale.gray(value);
        } else if (highest > lowest && value >= lowest && value <= highest) {
            gray = uint8_t(std::floor((value - lowest) / (highest - lowest) * 255 + 0.5));
        }
        grays[raw] = inverted_ ? uint8_t(255 - gray) : gray;
    }
    for (uint64_t i = 0; i < pixels; i++) {
        const uint8_t gray = grays[stored(i)];
        rgb[3 * i] = gray;
        rgb[3 * i + 1] = gray;
        rgb[3 * i + 2] = gray;
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
