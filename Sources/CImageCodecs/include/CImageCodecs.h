// Image files to RGB bytes through libpng, TurboJPEG and DCMTK, behind one small C interface. Every codec comes as a
// probe, which reads the header only, and a decoder, which writes into memory of the caller: limits on the size of a
// picture are applied between the two. Nothing is thrown and nothing jumps across this border, nothing is logged, and
// no message holds pixels or attributes of a patient.
#ifndef MEDMOE_CIMAGECODECS_H
#define MEDMOE_CIMAGECODECS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// What became of a call; anything but `MEDMOE_IMAGE_OK` comes with a sentence in the report.
typedef enum medmoe_image_status {
    MEDMOE_IMAGE_OK = 0,
    /// The bytes are not of this codec's kind.
    MEDMOE_IMAGE_NOT_AN_IMAGE = 1,
    /// The bytes end before the picture does.
    MEDMOE_IMAGE_TRUNCATED = 2,
    /// The bytes break the rules of their format.
    MEDMOE_IMAGE_CORRUPT = 3,
    /// A good file of a kind that is not read.
    MEDMOE_IMAGE_UNSUPPORTED = 4,
    /// Memory or a thread could not be had.
    MEDMOE_IMAGE_NO_MEMORY = 5,
} medmoe_image_status;

/// Room for a sentence or a DICOM code string, ended by a zero byte.
enum { MEDMOE_IMAGE_TEXT_CAPACITY = 256 };

/// The size of a picture as its header states it: `width` and `height` in pixels, at least 1 each.
typedef struct medmoe_image_size {
    int64_t width;
    int64_t height;
    /// Frames of a DICOM object; 1 for other kinds.
    int64_t frames;
} medmoe_image_size;

/// The size of a PNG. `message` has room for `MEDMOE_IMAGE_TEXT_CAPACITY` bytes, here and everywhere below.
medmoe_image_status medmoe_png_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message);

/// Decodes a PNG into `rgb`, `width * height * 3` bytes by rows; `size` as the probe gave it. Alpha is dropped,
/// palettes are looked up, 16-bit colour keeps its high byte, and no gamma or colour profile is applied.
medmoe_image_status medmoe_png_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                      char *message);

/// The size of a JPEG.
medmoe_image_status medmoe_jpeg_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message);

/// Decodes a grayscale, YCbCr or RGB JPEG into `rgb`, with the accurate inverse DCT and smooth chroma upsampling.
medmoe_image_status medmoe_jpeg_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                       char *message);

/// The size of a DICOM picture, its modality and its body part: the only two attributes that leave this function, empty
/// when absent or not a proper code string. Each has room for `MEDMOE_IMAGE_TEXT_CAPACITY` bytes.
medmoe_image_status medmoe_dicom_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *modality,
                                       char *body_part, char *message);

/// Renders the first frame of an uncompressed monochrome DICOM picture into `rgb`: rescale, first window of the file
/// (or the frame's own range when there is none), MONOCHROME1 inverted, three equal channels.
medmoe_image_status medmoe_dicom_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                        char *message);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
