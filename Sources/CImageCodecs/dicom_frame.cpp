// From pixel data to the samples of one frame: where a frame begins, and which codec undoes its compression.
#include "dicom_picture.h"
#include "report.h"

#include <cstring>

#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmjpeg/djdecode.h>

namespace medmoe {

namespace {

enum class Codec { none, rle, jpeg_8_bit, jpeg, jpeg_2000, unknown };

Codec codec_of(E_TransferSyntax syntax) {
    switch (syntax) {
    case EXS_Unknown:  // No header that names one: DCMTK tells the uncompressed ones apart by looking.
    case EXS_LittleEndianImplicit:
    case EXS_LittleEndianExplicit:
    case EXS_BigEndianExplicit: return Codec::none;
    case EXS_RLELossless: return Codec::rle;
    case EXS_JPEGProcess1: return Codec::jpeg_8_bit;
    case EXS_JPEGProcess2_4:
    case EXS_JPEGProcess6_8:
    case EXS_JPEGProcess10_12:
    case EXS_JPEGProcess14:
    case EXS_JPEGProcess14SV1: return Codec::jpeg;
    case EXS_JPEG2000LosslessOnly:
    case EXS_JPEG2000: return Codec::jpeg_2000;
    // JPEG-LS among others: DCMTK's codec for it ends the process at damaged data.
    default: return Codec::unknown;
    }
}

// DCMTK keeps its codecs in a list of the process.
void register_codecs() {
    static const bool done = [] {
        DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation, EUC_never, EPC_colorByPixel);
        return true;
    }();
    (void)done;
}

struct Fragment {
    const uint8_t *bytes;
    size_t count;
};

// The fragments after the offset table, and the offsets in it.
medmoe_image_status list_fragments(DcmPixelSequence &sequence, std::vector<Fragment> &fragments,
                                   std::vector<uint64_t> &offsets, char *message) {
    for (unsigned long number = 0; number < sequence.card(); number++) {
        DcmPixelItem *item = nullptr;
        Uint8 *bytes = nullptr;
        if (sequence.getItem(item, number).bad() || item == nullptr) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the fragments of the DICOM pixel data cannot be read");
        }
        const size_t count = item->getLength();
        if (count > 0 && (item->getUint8Array(bytes).bad() || bytes == nullptr)) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the fragments of the DICOM pixel data cannot be read");
        }
        if (number > 0) {
            fragments.push_back({bytes, count});
            continue;
        }
        for (size_t at = 0; at + 4 <= count; at += 4) {
            offsets.push_back(uint64_t(bytes[at]) | uint64_t(bytes[at + 1]) << 8 | uint64_t(bytes[at + 2]) << 16 |
                              uint64_t(bytes[at + 3]) << 24);
        }
    }
    return MEDMOE_IMAGE_OK;
}

bool begins_a_frame(const Fragment &fragment) {
    return fragment.count >= 2 && fragment.bytes[0] == 0xFF && (fragment.bytes[1] == 0xD8 || fragment.bytes[1] == 0x4F);
}

// The fragments of a frame, as a range: all of them for one frame, one each, by the offset table, or else by the mark
// that a JPEG of any kind begins with.
bool find_frame(const std::vector<Fragment> &fragments, const std::vector<uint64_t> &offsets, int64_t frames,
                int64_t number, size_t &begin, size_t &end) {
    const size_t frame = size_t(number);
    if (frames == 1 || uint64_t(frames) == fragments.size()) {
        begin = frames == 1 ? 0 : frame;
        end = frames == 1 ? fragments.size() : frame + 1;
        return true;
    }
    std::vector<size_t> starts;
    uint64_t at = 0;
    const bool by_offset = offsets.size() == uint64_t(frames);
    for (size_t i = 0; i < fragments.size(); i++) {
        if (by_offset ? starts.size() < offsets.size() && offsets[starts.size()] == at : begins_a_frame(fragments[i])) {
            starts.push_back(i);
        }
        at += 8 + uint64_t(fragments[i].count);
    }
    if (starts.size() != uint64_t(frames)) {
        return false;
    }
    begin = starts[frame];
    end = frame + 1 < starts.size() ? starts[frame + 1] : fragments.size();
    return true;
}

// What a JPEG stream says of itself before its first scan.
//
// `found` only if it begins as such a stream does, reaches a scan and ends with the marker of its end: libjpeg in DCMTK
// waits for ever for what does not come.
struct StreamHeader {
    bool found = false;
    unsigned width = 0, height = 0, components = 0, precision = 0;
    bool has_adobe = false;

    StreamHeader(const uint8_t *bytes, size_t count) {
        static const uint8_t start[] = {0xFF, 0xD8, 0xFF};
        size_t end = count;
        while (end > 2 && (bytes[end - 1] == 0 || bytes[end - 1] == 0xFF)) {  // Fragments are filled up.
            end -= 1;
        }
        if (end < 4 || std::memcmp(bytes, start, sizeof(start)) != 0 || bytes[end - 2] != 0xFF || bytes[end - 1] != 0xD9) {
            return;
        }
        bool has_frame = false;
        size_t at = 2;
        while (at + 4 <= count && bytes[at] == 0xFF) {
            const unsigned marker = bytes[at + 1];
            const size_t length = size_t(bytes[at + 2]) << 8 | bytes[at + 3];
            const bool is_table = marker == 0xC4 || marker == 0xC8 || marker == 0xCC;
            const bool is_frame = marker >= 0xC0 && marker <= 0xCF && !is_table;
            if (marker == 0xFF) {
                at += 1;
                continue;
            }
            if (marker == 0xDA) {
                found = has_frame;
                return;
            }
            if (is_frame && !has_frame && at + 10 <= count) {
                precision = bytes[at + 4];
                height = unsigned(bytes[at + 5]) << 8 | bytes[at + 6];
                width = unsigned(bytes[at + 7]) << 8 | bytes[at + 8];
                components = bytes[at + 9];
                has_frame = true;
            }
            if (marker == 0xEE && at + 9 <= count && std::memcmp(bytes + at + 4, "Adobe", 5) == 0) {
                has_adobe = true;
            }
            at += 2 + length;
        }
    }
};

medmoe_image_status decode_jpeg(const uint8_t *bytes, size_t count, const DicomPicture &picture, DicomFrame &frame,
                                char *message) {
    std::vector<uint8_t> rgb(size_t(picture.pixels()) * 3);
    const medmoe_image_size size = {picture.width, picture.height, 1, 1, 0, 0};
    const medmoe_image_status status = medmoe_jpeg_decode(bytes, count, size, rgb.data(), message);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    if (picture.samples == 1) {  // Three equal channels.
        for (size_t i = 0; i < size_t(picture.pixels()); i++) {
            rgb[i] = rgb[3 * i];
        }
        rgb.resize(size_t(picture.pixels()));
    } else {
        frame.colour = Colour::rgb;
    }
    frame.own = std::move(rgb);
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status decode_by_dcmtk(DcmDataset &dataset, DcmPixelData &pixels, const DicomPicture &picture,
                                    int64_t number, size_t first, DicomFrame &frame, char *message) {
    const uint64_t bytes = picture.frame_bits() / 8;
    if (bytes > UINT32_MAX - 1) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "a DICOM frame of 4 GiB or more is not supported");
    }
    frame.own.resize(size_t(bytes + bytes % 2));
    register_codecs();
    Uint32 fragment = Uint32(first + 1);  // The offset table counts.
    OFString model;
    const OFCondition condition = pixels.getUncompressedFrame(&dataset, Uint32(number), fragment, frame.own.data(),
                                                              Uint32(frame.own.size()), model);
    if (condition.bad()) {
        return condition == EC_MemoryExhausted
                   ? medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "no memory left to decompress the DICOM frame")
                   : medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                                   "DICOM frame %lld is damaged, or compressed in a way that its codec does not read",
                                   (long long)number + 1);
    }
    if (model == "RGB" && picture.samples == 3) {
        frame.colour = Colour::rgb;
    }
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status decompress(DcmDataset &dataset, DcmPixelData &pixels, Codec codec, const DicomPicture &picture,
                               int64_t number, DicomFrame &frame, char *message) {
    DcmPixelSequence *sequence = nullptr;
    if (pixels.getEncapsulatedRepresentation(dataset.getOriginalXfer(), nullptr, sequence).bad() ||
        sequence == nullptr) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM pixel data is not in fragments, as its transfer "
                                                            "syntax demands");
    }
    std::vector<Fragment> fragments;
    std::vector<uint64_t> offsets;
    medmoe_image_status status = list_fragments(*sequence, fragments, offsets, message);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    size_t begin = 0, end = 0;
    if (fragments.empty() || !find_frame(fragments, offsets, picture.frames, number, begin, end)) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "the DICOM header states %lld frames, but they cannot be told apart in %zu fragments",
                             (long long)picture.frames, fragments.size());
    }
    std::vector<uint8_t> whole;
    Fragment stream = fragments[begin];
    if (end - begin > 1) {
        for (size_t i = begin; i < end; i++) {
            whole.insert(whole.end(), fragments[i].bytes, fragments[i].bytes + fragments[i].count);
        }
        stream = {whole.data(), whole.size()};
    }
    frame.by_plane = false;
    if (codec == Codec::jpeg_2000) {
        if (picture.codec_makes_rgb) {
            frame.colour = Colour::rgb;
        }
        frame.own.resize(size_t(picture.frame_bits() / 8));
        return decode_jpeg2000(stream.bytes, stream.count, picture.width, picture.height, picture.samples,
                               picture.bits_allocated / 8, frame.own.data(), message);
    }
    if (codec == Codec::rle) {
        frame.own.resize(size_t(picture.frame_bits() / 8));
        return decode_rle(stream.bytes, stream.count, size_t(picture.pixels()), picture.samples,
                          picture.bits_allocated / 8, frame.own.data(), message);
    }
    const StreamHeader header(stream.bytes, stream.count);
    if (!header.found) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "DICOM frame %lld holds no whole JPEG: its beginning, its frame, its scan or its end is missing",
                             (long long)number + 1);
    }
    if (int64_t(header.width) != picture.width || int64_t(header.height) != picture.height ||
        header.components != picture.samples) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT,
                             "DICOM frame %lld holds a JPEG of %u x %u with %u components, but the header states "
                             "%lld x %lld with %u",
                             (long long)number + 1, header.width, header.height, header.components,
                             (long long)picture.width, (long long)picture.height, picture.samples);
    }
    if ((header.precision > 8 ? 16u : 8u) != picture.bits_allocated) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                             "DICOM frame %lld holds a JPEG of %u bits in a picture of %u bits allocated, which is not "
                             "supported",
                             (long long)number + 1, header.precision, picture.bits_allocated);
    }
    // Without Adobe's marker libjpeg takes three components for YCbCr; the DICOM header knows better.
    const bool is_bare_rgb = picture.colour == Colour::rgb && !header.has_adobe;
    if (codec == Codec::jpeg_8_bit && header.precision == 8 && !is_bare_rgb) {
        return decode_jpeg(stream.bytes, stream.count, picture, frame, message);
    }
    return decode_by_dcmtk(dataset, pixels, picture, number, begin, frame, message);
}

}  // namespace

bool is_readable(E_TransferSyntax syntax) { return codec_of(syntax) != Codec::unknown; }

medmoe_image_status read_frame(DcmDataset &dataset, const DicomPicture &picture, int64_t number, DicomFrame &frame,
                               char *message) {
    DcmElement *element = nullptr;
    if (dataset.findAndGetElement(DCM_PixelData, element).bad()) {
        return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "the DICOM object holds no picture");
    }
    frame.bits_allocated = picture.bits_allocated;
    frame.by_plane = picture.by_plane;
    frame.halved_chroma = picture.halved_chroma;
    frame.colour = picture.colour;
    frame.shift = picture.high_bit + 1 - picture.bits_stored;
    frame.mask = picture.bits_stored == 32 ? UINT32_MAX : (uint32_t(1) << picture.bits_stored) - 1;
    const Codec codec = codec_of(dataset.getOriginalXfer());
    if (codec != Codec::none) {
        DcmPixelData *pixels = dynamic_cast<DcmPixelData *>(element);
        if (pixels == nullptr) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM pixel data cannot be read");
        }
        if (picture.bits_allocated == 1) {
            return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED, "compressed DICOM of 1 bit is not supported");
        }
        const medmoe_image_status status = decompress(dataset, *pixels, codec, picture, number, frame, message);
        frame.bytes = frame.own.data();
        return status;
    }
    const uint64_t frame_bits = picture.frame_bits();
    const uint64_t held = uint64_t(element->getLength());
    const uint64_t held_bits = held * 8;  // A length has 32 bits.
    if (held_bits / frame_bits < uint64_t(picture.frames)) {
        return medmoe_report(message, MEDMOE_IMAGE_TRUNCATED,
                             "the DICOM pixel data holds %llu bytes, but %lld x %lld pixels in %lld frames take more: "
                             "%llu bits each",
                             (unsigned long long)held, (long long)picture.width, (long long)picture.height,
                             (long long)picture.frames, (unsigned long long)frame_bits);
    }
    // DCMTK keeps words in the machine's order and bytes as they came; on a little-endian machine both are read alike.
    static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "samples are read as little-endian");
    Uint16 *words = nullptr;
    Uint8 *octets = nullptr;
    if (element->getUint16Array(words).good() && words != nullptr) {
        octets = reinterpret_cast<Uint8 *>(words);
        frame.upper_half_first = dataset.getOriginalXfer() == EXS_BigEndianExplicit;
    } else if (element->getUint8Array(octets).bad() || octets == nullptr) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the DICOM pixel data cannot be read");
    }
    const uint64_t first_bit = frame_bits * uint64_t(number);
    frame.bytes = octets + first_bit / 8;
    frame.first_bit = first_bit % 8;
    return MEDMOE_IMAGE_OK;
}

}  // namespace medmoe
