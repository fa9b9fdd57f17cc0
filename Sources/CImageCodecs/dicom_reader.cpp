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
    if (is_readable(syntax)) {
        return MEDMOE_IMAGE_OK;
    }
    return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                         "DICOM transfer syntax %s is not supported; send the picture uncompressed or as JPEG, "
                         "JPEG 2000 or RLE",
                         DcmXfer(syntax).getXferName());
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
        const DcmObject *current = dataset_.current();
        const bool in_pixels = current != nullptr && current->getTag() == DCM_PixelData;
        const size_t pixel_bytes = in_pixels ? current->getLengthField() : 0;
        if (pixel_bytes > total && pixel_bytes != DCM_UndefinedLength) {
            break;
        }
        // Looked at before the next piece is handed over: what comes after the bound is never parsed.
        const size_t next = given + std::min(piece_bytes, total - given);
        if (next - std::min(next, pixel_bytes) > most_header_bytes) {
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
    const bool encapsulated = DcmXfer(dataset_.getOriginalXfer()).isEncapsulated();
    return DicomPicture::read(dataset_, encapsulated, picture_, message_);
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

medmoe_image_status DicomReader::render(const medmoe_image_request &request, uint8_t *rgb) {
    DicomFrame frame;
    const medmoe_image_status status = read_frame(dataset_, picture_, request.frame - 1, frame, message_);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    return picture_.is_gray() ? render_gray(dataset_, picture_, frame, request, rgb, message_)
                              : render_colour(dataset_, picture_, frame, rgb, message_);
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
