// Colour: palettes, RGB and YCbCr to RGB bytes, by the formulas of DICOM PS3.3 C.7.6.3.1.2 and C.7.6.3.1.5.
#include "dicom_picture.h"
#include "report.h"

#include <algorithm>
#include <cmath>

namespace medmoe {

namespace {

uint8_t rounded(double value) { return uint8_t(std::floor(std::min(std::max(value, 0.0), 255.0) + 0.5)); }

medmoe_image_status render_palette(DcmDataset &dataset, const DicomPicture &picture, const DicomFrame &frame,
                                   uint8_t *rgb, char *message) {
    const DcmTagKey descriptors[] = {DCM_RedPaletteColorLookupTableDescriptor,
                                     DCM_GreenPaletteColorLookupTableDescriptor,
                                     DCM_BluePaletteColorLookupTableDescriptor};
    const DcmTagKey data[] = {DCM_RedPaletteColorLookupTableData, DCM_GreenPaletteColorLookupTableData,
                              DCM_BluePaletteColorLookupTableData};
    const DcmTagKey segments[] = {DCM_SegmentedRedPaletteColorLookupTableData,
                                  DCM_SegmentedGreenPaletteColorLookupTableData,
                                  DCM_SegmentedBluePaletteColorLookupTableData};
    for (unsigned channel = 0; channel < 3; channel++) {
        DicomTable table;
        const medmoe_image_status status = DicomTable::read(dataset, descriptors[channel], data[channel],
                                                            segments[channel], picture.is_signed, table, message);
        if (status != MEDMOE_IMAGE_OK) {
            return status;
        }
        std::vector<uint8_t> shown(size_t(frame.mask) + 1);
        for (uint32_t raw = 0; raw <= frame.mask; raw++) {
            const bool negative = picture.is_signed && (raw >> (picture.bits_stored - 1) & 1) != 0;
            const double value = double(raw) - (negative ? double(frame.mask) + 1 : 0);
            shown[raw] = rounded(table.at(value) * 255 / table.largest);
        }
        for (uint64_t i = 0; i < picture.pixels(); i++) {
            rgb[3 * i + channel] = shown[frame.sample(i)];
        }
    }
    return MEDMOE_IMAGE_OK;
}

void to_rgb(Colour colour, double y, double cb, double cr, uint8_t *rgb) {
    cb -= 128;
    cr -= 128;
    if (colour == Colour::ybr_partial) {  // Y from 16 to 235, Cb and Cr from 16 to 240.
        y = (y - 16) * 255 / 219;
        cb *= 255.0 / 224;
        cr *= 255.0 / 224;
    }
    rgb[0] = rounded(y + 1.402 * cr);
    rgb[1] = rounded(y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587);
    rgb[2] = rounded(y + 1.772 * cb);
}

}  // namespace

medmoe_image_status render_colour(DcmDataset &dataset, const DicomPicture &picture, const DicomFrame &frame,
                                  uint8_t *rgb, char *message) {
    if (frame.colour == Colour::palette) {
        return render_palette(dataset, picture, frame, rgb, message);
    }
    const uint64_t pixels = picture.pixels();
    const uint64_t pixel_step = frame.by_plane ? 1 : 3, channel_step = frame.by_plane ? pixels : 1;
    const double largest = double(frame.mask);
    for (uint64_t i = 0; i < pixels; i++) {
        if (frame.colour != Colour::rgb) {
            // Two pixels with their own Y share what follows: Y Y Cb Cr.
            const uint64_t pair = i / 2 * 4;
            const uint64_t y = frame.halved_chroma ? pair + i % 2 : pixel_step * i;
            const uint64_t cb = frame.halved_chroma ? pair + 2 : y + channel_step;
            const uint64_t cr = frame.halved_chroma ? pair + 3 : cb + channel_step;
            to_rgb(frame.colour, frame.sample(y), frame.sample(cb), frame.sample(cr), rgb + 3 * i);
            continue;
        }
        for (uint64_t channel = 0; channel < 3; channel++) {
            const uint32_t sample = frame.sample(pixel_step * i + channel_step * channel);
            rgb[3 * i + channel] = frame.mask == 255 ? uint8_t(sample) : rounded(double(sample) * 255 / largest);
        }
    }
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
