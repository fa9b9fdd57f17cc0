// The pixel attributes of a DICOM object, checked against each other before anything is computed from them.
#include "dicom_picture.h"
#include "report.h"

namespace medmoe {

namespace {

// DCMTK sets the value to zero when the attribute is absent; this leaves the default in place.
Uint16 number_or(DcmItem &item, const DcmTagKey &tag, Uint16 absent) {
    Uint16 value = 0;
    return item.findAndGetUint16(tag, value).good() ? value : absent;
}

struct Photometric {
    const char *name;
    bool is_read;
    Colour colour;
    unsigned samples;
    bool halved_chroma;
    bool codec_makes_rgb;
};

// A photometric interpretation comes from the file; only the words of the standard are repeated.
const Photometric photometrics[] = {
    {"MONOCHROME1", true, Colour::inverted_gray, 1, false, false},
    {"MONOCHROME2", true, Colour::gray, 1, false, false},
    {"PALETTE COLOR", true, Colour::palette, 1, false, false},
    {"RGB", true, Colour::rgb, 3, false, false},
    {"YBR_FULL", true, Colour::ybr_full, 3, false, false},
    {"YBR_FULL_422", true, Colour::ybr_full, 3, true, false},
    {"YBR_PARTIAL_422", true, Colour::ybr_partial, 3, true, false},
    {"YBR_RCT", true, Colour::ybr_full, 3, false, true},
    {"YBR_ICT", true, Colour::ybr_full, 3, false, true},
    {"YBR_PARTIAL_420", false, Colour::ybr_partial, 3, true, false},
    {"HSV", false, Colour::rgb, 3, false, false},
    {"ARGB", false, Colour::rgb, 4, false, false},
    {"CMYK", false, Colour::rgb, 4, false, false},
    {"XYB", false, Colour::rgb, 3, false, false},
};

const Photometric *photometric(const OFString &name) {
    for (const Photometric &known : photometrics) {
        if (name == known.name) {
            return &known;
        }
    }
    return nullptr;
}

}  // namespace

medmoe_image_status DicomPicture::read(DcmDataset &dataset, bool encapsulated, DicomPicture &picture, char *message) {
    const Uint16 rows = number_or(dataset, DCM_Rows, 0);
    const Uint16 columns = number_or(dataset, DCM_Columns, 0);
    OFString name;
    if (!dataset.tagExists(DCM_Rows) || !dataset.tagExists(DCM_Columns) ||
        dataset.findAndGetOFString(DCM_PhotometricInterpretation, name).bad()) {
        return dataset.isEmpty()
                   ? medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "no DICOM attribute in the bytes can be read")
                   : medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "the DICOM object holds no picture");
    }
    if (rows == 0 || columns == 0) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM header states %u x %u pixels", unsigned(columns),
                             unsigned(rows));
    }
    const Photometric *kind = photometric(name);
    if (kind == nullptr || !kind->is_read) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "DICOM photometric interpretation %s is not supported; MONOCHROME, PALETTE COLOR, RGB and "
                             "YBR are",
                             kind == nullptr ? "of no known name" : kind->name);
    }
    const Uint16 samples = number_or(dataset, DCM_SamplesPerPixel, Uint16(kind->samples));
    const Uint16 allocated = number_or(dataset, DCM_BitsAllocated, 0);
    const Uint16 stored = number_or(dataset, DCM_BitsStored, allocated);
    const Uint16 high = number_or(dataset, DCM_HighBit, Uint16(stored - 1));
    const Uint16 representation = number_or(dataset, DCM_PixelRepresentation, 0);
    const Uint16 planar = number_or(dataset, DCM_PlanarConfiguration, 0);
    Sint32 frames = 0;
    if (dataset.findAndGetSint32(DCM_NumberOfFrames, frames).bad()) {
        frames = 1;
    }
    if (allocated != 1 && allocated != 8 && allocated != 16 && allocated != 32) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "a DICOM picture with %u bits allocated is not supported; 1, 8, 16 and 32 are",
                             unsigned(allocated));
    }
    if (samples != kind->samples || stored < 1 || stored > allocated || high >= allocated || high + 1 < stored ||
        representation > 1 || planar > 1 || frames < 1) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the DICOM header contradicts itself: %u samples of %s, %u bits allocated, %u stored, "
                             "high bit %u, representation %u, planar configuration %u, %d frames",
                             unsigned(samples), kind->name, unsigned(allocated), unsigned(stored), unsigned(high),
                             unsigned(representation), unsigned(planar), int(frames));
    }
    const bool is_ybr = kind->colour == Colour::ybr_full || kind->colour == Colour::ybr_partial;
    if ((is_ybr && !kind->codec_makes_rgb && stored != 8) || (kind->colour == Colour::palette && stored > 16) ||
        (samples == 3 && allocated == 1)) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "a DICOM picture of %s with %u bits stored is not supported; YBR is with 8, palettes are "
                             "with up to 16",
                             kind->name, unsigned(stored));
    }
    const bool halved = kind->halved_chroma && !encapsulated;
    if (halved && (columns % 2 != 0 || allocated != 8)) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the DICOM picture of %s has %u columns of %u bits, but two pixels share a colour there",
                             kind->name, unsigned(columns), unsigned(allocated));
    }
    picture.width = columns;
    picture.height = rows;
    picture.frames = frames;
    picture.colour = kind->colour;
    picture.samples = samples;
    picture.bits_allocated = allocated;
    picture.bits_stored = stored;
    picture.high_bit = high;
    picture.is_signed = representation == 1;
    picture.by_plane = samples == 3 && planar == 1 && !halved;
    picture.halved_chroma = halved;
    picture.codec_makes_rgb = kind->codec_makes_rgb;
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
