// One DICOM object in memory, read by DCMTK. Not part of the interface.
#ifndef MEDMOE_DICOM_READER_H
#define MEDMOE_DICOM_READER_H

#include "dicom_picture.h"

namespace medmoe {

/// A dataset that tells which element it is reading; a search would make it forget.
class ReadDataset : public DcmDataset {
public:
    const DcmObject *current() const { return elementList->get(); }
};

class DicomReader {
public:
    DicomReader(const uint8_t *bytes, size_t count, char *message);

    /// Reads the attributes before the pixel data and checks that the picture is of a kind that is read.
    medmoe_image_status read_header();
    /// Reads the pixel data as well.
    medmoe_image_status read_whole();
    /// After `read_whole`: the frame of the request as RGB, `width * height * 3` bytes.
    medmoe_image_status render(const medmoe_image_request &request, uint8_t *rgb);

    const DicomPicture &picture() const { return picture_; }
    /// Copies a code string (capitals, digits, space, underscore; at most 16) or the empty string.
    void copy_code(const DcmTagKey &tag, char *text);

private:
    medmoe_image_status parse(const DcmTagKey &stop);
    medmoe_image_status parse_failure(const OFCondition &condition);
    medmoe_image_status check_encoding(E_TransferSyntax syntax);
    medmoe_image_status check_picture();

    const uint8_t *bytes_;
    size_t count_;
    char *message_;
    DcmMetaInfo meta_;
    ReadDataset dataset_;
    DicomPicture picture_;
};

}  // namespace medmoe

#endif
