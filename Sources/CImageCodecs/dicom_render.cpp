// Gray: stored values to bytes. Done here and not by DCMTK's own renderer so that each step is the standard's formula
// and nothing else, and agrees with other implementations to the gray level.
#include "dicom_picture.h"
#include "gray_window.h"
#include "report.h"

#include <algorithm>
#include <cmath>

namespace medmoe {

namespace {

/// Stored values to grays: modality, then window, as DICOM PS3.3 C.7.6.3.1.2, C.11.1 and C.11.2.1.2 define them.
struct GrayScale {
    double slope = 1;
    double intercept = 0;
    /// Instead of slope and intercept, where it has values.
    DicomTable modality;
    bool has_window = false;
    double center = 0;
    double width = 0;
    enum Function { linear, linear_exact, sigmoid } function = linear;
    /// Where there is no window.
    DicomTable display;

    medmoe_image_status read(DcmDataset &dataset, const DicomPicture &picture, const medmoe_image_request &request,
                             char *message);
    medmoe_image_status read_window(DcmDataset &dataset, const DicomPicture &picture,
                                    const medmoe_image_request &request, char *message);

    double rescaled(double value) const {
        return modality.values.empty() ? value * slope + intercept : double(modality.at(value));
    }
    bool needs_range() const { return !has_window && display.values.empty(); }
    double share(double value) const;
};

// The item that holds `inner` for a frame: in enhanced objects it stands in the shared or per-frame groups.
DcmItem *functional_group(DcmDataset &dataset, const DcmTagKey &inner, int64_t frame) {
    for (const bool shared : {false, true}) {
        const DcmTagKey outer = shared ? DCM_SharedFunctionalGroupsSequence : DCM_PerFrameFunctionalGroupsSequence;
        DcmItem *group = nullptr, *found = nullptr;
        if (dataset.findAndGetSequenceItem(outer, group, shared ? 0 : long(frame - 1)).good() &&
            group->findAndGetSequenceItem(inner, found, 0).good()) {
            return found;
        }
    }
    return nullptr;
}

medmoe_image_status GrayScale::read(DcmDataset &dataset, const DicomPicture &picture,
                                    const medmoe_image_request &request, char *message) {
    DcmItem *table = nullptr;
    if (dataset.findAndGetSequenceItem(DCM_ModalityLUTSequence, table).good()) {
        const medmoe_image_status status = DicomTable::read(*table, DCM_LUTDescriptor, DCM_LUTData, DCM_LUTData,
                                                            picture.is_signed, modality, message);
        return status == MEDMOE_IMAGE_OK ? read_window(dataset, picture, request, message) : status;
    }
    DcmItem *rescale = functional_group(dataset, DCM_PixelValueTransformationSequence, request.frame);
    if (rescale == nullptr) {
        rescale = &dataset;
    }
    if (rescale->findAndGetFloat64(DCM_RescaleSlope, slope).bad()) {
        slope = 1;
    }
    if (rescale->findAndGetFloat64(DCM_RescaleIntercept, intercept).bad()) {
        intercept = 0;
    }
    if (!std::isfinite(slope) || slope == 0 || !std::isfinite(intercept)) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM rescale slope or intercept is not usable");
    }
    return read_window(dataset, picture, request, message);
}

medmoe_image_status GrayScale::read_window(DcmDataset &dataset, const DicomPicture &picture,
                                           const medmoe_image_request &request, char *message) {
    if (request.has_window != 0) {
        has_window = true;
        center = request.window_center;
        width = request.window_width;
        return MEDMOE_IMAGE_OK;
    }
    DcmItem *window = functional_group(dataset, DCM_FrameVOILUTSequence, request.frame);
    if (window == nullptr) {
        window = &dataset;
    }
    // A window without a positive width says nothing; viewers pass over it too.
    has_window = window->findAndGetFloat64(DCM_WindowCenter, center).good() &&
                 window->findAndGetFloat64(DCM_WindowWidth, width).good() && std::isfinite(center) &&
                 std::isfinite(width) && width > 0;
    OFString name;
    if (window->findAndGetOFString(DCM_VOILUTFunction, name).good()) {
        function = name == "SIGMOID" ? sigmoid : name == "LINEAR_EXACT" ? linear_exact : linear;
    }
    DcmItem *table = nullptr;
    if (!has_window && dataset.findAndGetSequenceItem(DCM_VOILUTSequence, table).good()) {
        // Its inputs are signed when rescaled values can be.
        const bool is_signed = picture.is_signed || (modality.values.empty() && intercept < 0);
        return DicomTable::read(*table, DCM_LUTDescriptor, DCM_LUTData, DCM_LUTData, is_signed, display, message);
    }
    return MEDMOE_IMAGE_OK;
}

double GrayScale::share(double value) const {
    if (!has_window) {
        return display.at(value) / display.largest;
    }
    switch (function) {
    case sigmoid: return 1 / (1 + std::exp(-4 * (value - center) / width));
    case linear_exact: return (value - center) / width + 0.5;
    default: return medmoe_window_share(value, center, width);
    }
}

}  // namespace

medmoe_image_status render_gray(DcmDataset &dataset, const DicomPicture &picture, const DicomFrame &frame,
                                const medmoe_image_request &request, uint8_t *rgb, char *message) {
    GrayScale scale;
    const medmoe_image_status status = scale.read(dataset, picture, request, message);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    const uint64_t pixels = picture.pixels();
    const auto rescaled = [&](uint32_t raw) -> double {
        const bool negative = picture.is_signed && (raw >> (picture.bits_stored - 1) & 1) != 0;
        return scale.rescaled(double(raw) - (negative ? double(frame.mask) + 1 : 0));
    };
    double lowest = 0, highest = 0;
    if (scale.needs_range()) {
        lowest = highest = rescaled(frame.sample(0));
        for (uint64_t i = 1; i < pixels; i++) {
            const double value = rescaled(frame.sample(i));
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
    }
    const auto gray = [&](uint32_t raw) -> uint8_t {
        const double value = rescaled(raw);
        double share = 0;
        if (!scale.needs_range()) {
            share = scale.share(value);
        } else if (highest > lowest) {
            share = (value - lowest) / (highest - lowest);
        }
        const uint8_t shown = medmoe_window_gray(share);
        return frame.colour == Colour::inverted_gray ? uint8_t(255 - shown) : shown;
    };
    std::vector<uint8_t> grays;
    if (picture.bits_stored <= 16) {
        grays.resize(size_t(frame.mask) + 1);
        for (uint32_t raw = 0; raw <= frame.mask; raw++) {
            grays[raw] = gray(raw);
        }
    }
    for (uint64_t i = 0; i < pixels; i++) {
        const uint32_t raw = frame.sample(i);
        const uint8_t shown = grays.empty() ? gray(raw) : grays[raw];
        rgb[3 * i] = shown;
        rgb[3 * i + 1] = shown;
        rgb[3 * i + 2] = shown;
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
