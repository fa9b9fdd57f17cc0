// What the attributes of a DICOM object say about its pixels, and one frame of them. Not part of the interface.
#ifndef MEDMOE_DICOM_PICTURE_H
#define MEDMOE_DICOM_PICTURE_H

#include "CImageCodecs.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

#include <vector>

namespace medmoe {

/// How samples become colours.
enum class Colour { gray, inverted_gray, palette, rgb, ybr_full, ybr_partial };

/// The pixel attributes of an object, checked against each other.
struct DicomPicture {
    int64_t width = 0;
    int64_t height = 0;
    int64_t frames = 1;
    Colour colour = Colour::gray;
    /// 1, or 3 for colours that are not looked up.
    unsigned samples = 1;
    /// 1, 8, 16 or 32.
    unsigned bits_allocated = 8;
    unsigned bits_stored = 8;
    unsigned high_bit = 7;
    bool is_signed = false;
    bool by_plane = false;
    /// Two pixels share Cb and Cr: the samples are Y Y Cb Cr.
    bool halved_chroma = false;
    /// DICOM says the JPEG 2000 codec turns the colours into RGB itself.
    bool codec_makes_rgb = false;

    bool is_gray() const { return colour == Colour::gray || colour == Colour::inverted_gray; }
    uint64_t pixels() const { return uint64_t(width) * uint64_t(height); }
    /// Bits of one frame when it is not compressed: at most 2^32 * 3 * 32.
    uint64_t frame_bits() const {
        return pixels() * (halved_chroma ? 2 : samples) * bits_allocated;
    }

    /// Reads and checks the attributes; `encapsulated` when the pixel data are compressed.
    static medmoe_image_status read(DcmDataset &dataset, bool encapsulated, DicomPicture &picture, char *message);
};

/// The samples of one frame, uncompressed, in the order of the machine.
struct DicomFrame {
    /// Where the samples begin; owned by the data set or by `own`.
    const uint8_t *bytes = nullptr;
    std::vector<uint8_t> own;
    /// Of the first sample: only where samples have one bit is this not a whole number of bytes.
    uint64_t first_bit = 0;
    unsigned bits_allocated = 8;
    /// 32-bit samples whose upper half comes first, as DCMTK leaves big-endian ones.
    bool upper_half_first = false;
    bool by_plane = false;
    bool halved_chroma = false;
    Colour colour = Colour::gray;
    /// What to do to a sample: shift right, then mask.
    unsigned shift = 0;
    uint32_t mask = 0xFF;

    /// The i-th sample, in the order of the file.
    uint32_t sample(uint64_t i) const {
        uint32_t raw;
        switch (bits_allocated) {
        case 1: raw = (bytes[(first_bit + i) >> 3] >> ((first_bit + i) & 7)) & 1; break;
        case 8: raw = bytes[i]; break;
        case 16: raw = half(2 * i); break;
        default:
            raw = upper_half_first ? half(4 * i) << 16 | half(4 * i + 2) : half(4 * i + 2) << 16 | half(4 * i);
            break;
        }
        return (raw >> shift) & mask;
    }

private:
    uint32_t half(uint64_t at) const { return uint32_t(bytes[at]) | uint32_t(bytes[at + 1]) << 8; }
};

/// Finds the frame of this number, counted from 0, and undoes its compression.
medmoe_image_status read_frame(DcmDataset &dataset, const DicomPicture &picture, int64_t number, DicomFrame &frame,
                               char *message);

/// Whether `read_frame` knows a transfer syntax.
bool is_readable(E_TransferSyntax syntax);

/// Decodes a raw JPEG 2000 codestream that has to have this size and number of components, into samples of
/// `bytes_each` bytes, lowest first, pixel after pixel.
medmoe_image_status decode_jpeg2000(const uint8_t *bytes, size_t count, int64_t width, int64_t height,
                                    unsigned components, unsigned bytes_each, uint8_t *samples, char *message);

/// Undoes DICOM's run-length encoding, into samples of `bytes_each` bytes, lowest first, pixel after pixel.
medmoe_image_status decode_rle(const uint8_t *bytes, size_t count, size_t pixels, unsigned components,
                               unsigned bytes_each, uint8_t *samples, char *message);

/// Gray samples to RGB bytes.
medmoe_image_status render_gray(DcmDataset &dataset, const DicomPicture &picture, const DicomFrame &frame,
                                const medmoe_image_request &request, uint8_t *rgb, char *message);
/// Palette, RGB and YCbCr samples to RGB bytes.
medmoe_image_status render_colour(DcmDataset &dataset, const DicomPicture &picture, const DicomFrame &frame,
                                  uint8_t *rgb, char *message);

/// A look-up table of DICOM: modality, display or one channel of a palette.
struct DicomTable {
    /// The input that is the first entry.
    int64_t first = 0;
    /// The largest output that its bits allow: 255 for 8.
    double largest = 255;
    std::vector<uint16_t> values;

    /// The entry for an input; the first and last ones serve all inputs before and after them.
    uint16_t at(double input) const {
        const double index = input - double(first);
        return index <= 0 ? values.front() : index >= double(values.size()) ? values.back() : values[size_t(index)];
    }
    /// Reads descriptor and data; `segments` is the tag of data in segments, or again that of the data where there is
    /// no such thing.
    static medmoe_image_status read(DcmItem &item, const DcmTagKey &descriptor, const DcmTagKey &data,
                                    const DcmTagKey &segments, bool is_signed, DicomTable &table, char *message);
};

}  // namespace medmoe

#endif
