// One DICOM object in memory, read by DCMTK. Not part of the interface.
#ifndef MEDMOE_DICOM_READER_H
#define MEDMOE_DICOM_READER_H

#include "CImageCodecs.h"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dctk.h>

namespace medmoe {

class DicomReader {
public:
    DicomReader(const uint8_t *bytes, size_t count, char *message);

    /// Reads the attributes before the pixel data and checks that the picture is of a kind that is read.
    medmoe_image_status read_header();
    /// Reads the pixel data as well and checks that it is all there.
    medmoe_image_status read_whole();
    /// After `read_whole`: the first frame as RGB, `width * height * 3` bytes.
    medmoe_image_status render(uint8_t *rgb);

    medmoe_image_size size() const { return size_; }
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
    DcmDataset dataset_;
    medmoe_image_size size_ = {0, 0, 1};
    bool inverted_ = false;
    bool signed_ = false;
    unsigned bits_allocated_ = 0;
    unsigned bits_stored_ = 0;
    unsigned high_bit_ = 0;
};

/// Stored values to grays: rescale, then the window, as DICOM PS3.3 C.7.6.3.1.2 and C.11.2.1.2 define them.
struct GrayScale {
    double slope = 1;
    double intercept = 0;
    bool has_window = false;
    double center = 0;
    double width = 0;
    enum Function { linear, linear_exact, sigmoid } function = linear;

    /// The attributes of the first frame, from the data set or from its functional groups.
    static medmoe_image_status read(DcmDataset &dataset, GrayScale &scale, char *message);
    /// The gray, 0 to 255, of a value after rescaling.
    uint8_t gray(double value) const;
};

}  // namespace medmoe

#endif
