// Parsing: which objects are read, and how a lying one is stopped before it costs memory.
#include "dicom_reader.h"
#include "report.h"

#include <algorithm>
#include <cstring>

#include <dcmtk/dcmdata/dcistrmb.h>

namespace medmoe {

namespace {

// The bytes are handed over in pieces so that a header that never ends is noticed early. Each small attribute becomes
// an object of some 200 bytes, so this bounds the memory that a header can take.
constexpr size_t piece_bytes = size_t(1) << 20;
constexpr size_t most_header_bytes = size_t(8) << 20;

// DCMTK would print attribute values in its warnings.
void silence() {
    static const bool done = [] {
        OFLog::configure(OFLogger::OFF_LOG_LEVEL);
        return true;
    }();
    (void)done;
}

// DCMTK sets the value to zero when the attribute is absent; these leave the default in place.
Uint16 number_or(DcmItem &item, const DcmTagKey &tag, Uint16 absent) {
    Uint16 value = 0;
    return item.findAndGetUint16(tag, value).good() ? value : absent;
}

// A photometric interpretation comes from the file; only the words of the standard are repeated.
const char *photometric_word(const OFString &text) {
    static const char *const words[] = {"RGB",         "PALETTE COLOR",   "YBR_FULL",        "YBR_FULL_422",
                                        "YBR_RCT",     "YBR_PARTIAL_422", "YBR_PARTIAL_420", "YBR_ICT",
                                        "MONOCHROME1", "MONOCHROME2",     "HSV",             "ARGB",
                                        "CMYK",        "XYB"};
    for (const char *word : words) {
        if (text == word) {
            return word;
        }
    }
    return "of no known name";
}

}  // namespace

DicomReader::DicomReader(const uint8_t *bytes, size_t count, char *message)
    : bytes_(bytes), count_(count), message_(message) {
    silence();
}

medmoe_image_status DicomReader::parse_failure(const OFCondition &condition) {
    DcmElement *pixels = nullptr;
    const bool cut_in_pixels =
        dataset_.findAndGetElement(DCM_PixelData, pixels).good() && pixels->getLengthField() > count_;
    if (condition == EC_StreamNotifyClient || condition == EC_EndOfStream || cut_in_pixels) {
        return medmoe_report(message_, MEDMOE_IMAGE_TRUNCATED,
                             "the DICOM object ends after %zu bytes, before its picture does", count_);
    }
    if (condition == EC_MemoryExhausted) {
        return medmoe_report(message_, MEDMOE_IMAGE_NO_MEMORY, "no memory left to read the DICOM object");
    }
    return medmoe_report(message_, MEDMOE_IMAGE_CORRUPT, "the DICOM object is damaged: its attributes cannot be read");
}

medmoe_image_status DicomReader::check_encoding(E_TransferSyntax syntax) {
    switch (syntax) {
    case EXS_Unknown:  // No header that names one: DCMTK tells the uncompressed ones apart by looking.
    case EXS_LittleEndianImplicit:
    case EXS_LittleEndianExplicit:
    case EXS_BigEndianExplicit: return MEDMOE_IMAGE_OK;
    default:
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "DICOM transfer syntax %s is not yet supported; send the picture uncompressed",
                             DcmXfer(syntax).getXferName());
    }
}

medmoe_image_status DicomReader::parse(const DcmTagKey &stop) {
    // An odd last byte belongs to no attribute.
    const size_t total = count_ & ~size_t(1);
    if (total == 0) {
        return parse_failure(EC_EndOfStream);
    }
    DcmInputBufferStream stream;
    size_t given = 0;
    const auto give_piece = [&] {
        const size_t piece = std::min(piece_bytes, total - given);
        stream.setBuffer(bytes_ + given, offile_off_t(piece));
        given += piece;
        if (given == total) {
            stream.setEos();
        }
    };
    give_piece();
    meta_.transferInit();
    OFCondition condition = meta_.read(stream, EXS_Unknown, EGL_noChange, DCM_MaxReadLength);
    meta_.transferEnd();
    if (condition.bad()) {
        return parse_failure(condition);
    }
    E_TransferSyntax syntax = EXS_Unknown;
    OFString identifier;
    if (meta_.findAndGetOFString(DCM_TransferSyntaxUID, identifier).good() && !identifier.empty()) {
        syntax = DcmXfer(identifier.c_str()).getXfer();
        if (syntax == EXS_Unknown) {
            return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED, "the DICOM transfer syntax is not known here");
        }
    }
    medmoe_image_status status = check_encoding(syntax);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    dataset_.transferInit();
    condition = dataset_.readUntilTag(stream, syntax, EGL_noChange, DCM_MaxReadLength, stop);
    while (condition == EC_StreamNotifyClient && given < total) {
        DcmElement *pixels = nullptr;
        const bool in_pixels = dataset_.findAndGetElement(DCM_PixelData, pixels).good();
        const size_t pixel_bytes = in_pixels ? pixels->getLengthField() : 0;
        if (pixel_bytes > total && pixel_bytes != DCM_UndefinedLength) {
            break;
        }
        if (given - std::min(given, pixel_bytes) > most_header_bytes) {
            dataset_.transferEnd();
            return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                                 "the DICOM object has more than %zu MiB of attributes beside its picture",
                                 most_header_bytes >> 20);
        }
        stream.releaseBuffer();
        give_piece();
        condition = dataset_.readUntilTag(stream, syntax, EGL_noChange, DCM_MaxReadLength, stop);
    }
    dataset_.transferEnd();
    if (condition.bad()) {
        return parse_failure(condition);
    }
    return check_encoding(dataset_.getOriginalXfer());
}

medmoe_image_status DicomReader::check_picture() {
    const Uint16 rows = number_or(dataset_, DCM_Rows, 0);
    const Uint16 columns = number_or(dataset_, DCM_Columns, 0);
    OFString photometric;
    if (!dataset_.tagExists(DCM_Rows) || !dataset_.tagExists(DCM_Columns) ||
        dataset_.findAndGetOFString(DCM_PhotometricInterpretation, photometric).bad()) {
        return dataset_.isEmpty()
                   ? medmoe_report(message_, MEDMOE_IMAGE_CORRUPT, "no DICOM attribute in the bytes can be read")
                   : medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED, "the DICOM object holds no picture");
    }
    if (rows == 0 || columns == 0) {
        return medmoe_report(message_, MEDMOE_IMAGE_CORRUPT, "the DICOM header states %u x %u pixels",
                             unsigned(columns), unsigned(rows));
    }
    if (photometric != "MONOCHROME1" && photometric != "MONOCHROME2") {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "DICOM photometric interpretation %s is not yet supported; MONOCHROME1 and 2 are",
                             photometric_word(photometric));
    }
    const Uint16 samples = number_or(dataset_, DCM_SamplesPerPixel, 1);
    const Uint16 allocated = number_or(dataset_, DCM_BitsAllocated, 0);
    const Uint16 stored = number_or(dataset_, DCM_BitsStored, allocated);
    const Uint16 high = number_or(dataset_, DCM_HighBit, Uint16(stored - 1));
    const Uint16 representation = number_or(dataset_, DCM_PixelRepresentation, 0);
    Sint32 frames = 0;
    if (dataset_.findAndGetSint32(DCM_NumberOfFrames, frames).bad()) {
        frames = 1;
    }
    if (allocated != 8 && allocated != 16) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "a DICOM picture with %u bits allocated is not yet supported; 8 and 16 are",
                             unsigned(allocated));
    }
    if (samples != 1 || stored < 1 || stored > allocated || high >= allocated || high + 1 < stored ||
        representation > 1 || frames < 1) {
        return medmoe_report(message_, MEDMOE_IMAGE_CORRUPT,
                             "the DICOM header contradicts itself: %u samples, %u bits allocated, %u stored, "
                             "high bit %u, representation %u, %d frames",
                             unsigned(samples), unsigned(allocated), unsigned(stored), unsigned(high),
                             unsigned(representation), int(frames));
    }
    DcmItem *table = nullptr;
    if (dataset_.findAndGetSequenceItem(DCM_ModalityLUTSequence, table).good()) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED, "a DICOM modality look-up table is not yet supported");
    }
    size_ = {columns, rows, frames};
    inverted_ = photometric == "MONOCHROME1";
    signed_ = representation == 1;
    bits_allocated_ = allocated;
    bits_stored_ = stored;
    high_bit_ = high;
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status DicomReader::read_header() {
    const medmoe_image_status status = parse(DCM_PixelData);
    return status == MEDMOE_IMAGE_OK ? check_picture() : status;
}

medmoe_image_status DicomReader::read_whole() {
    // The first tag after the pixel data: what follows is of no use here.
    const medmoe_image_status status = parse(DcmTagKey(0x7FE0, 0x0011));
    return status == MEDMOE_IMAGE_OK ? check_picture() : status;
}

void DicomReader::copy_code(const DcmTagKey &tag, char *text) {
    OFString value;
    text[0] = 0;
    if (dataset_.findAndGetOFString(tag, value).bad() || value.length() > 16) {
        return;
    }
    for (size_t i = 0; i < value.length(); i++) {
        const char c = value[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '_')) {
            return;
        }
    }
    std::memcpy(text, value.c_str(), value.length() + 1);
}

}  // namespace medmoe
