// Image files to RGB bytes through libpng, TurboJPEG, libtiff, libwebp, OpenJPEG and DCMTK, behind one small C
// interface. Every codec comes as a probe, which reads the header only, and a decoder, which writes into memory of the
// caller: limits on the size of a picture are applied between the two. Nothing is thrown and nothing jumps across this
// border, nothing is logged, and no message holds pixels or attributes of a patient.
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
    /// A frame or region was asked for that the file does not have.
    MEDMOE_IMAGE_NOT_THERE = 6,
} medmoe_image_status;

/// Room for a sentence or a DICOM code string, ended by a zero byte.
enum { MEDMOE_IMAGE_TEXT_CAPACITY = 256 };

/// What the caller wants of a file that holds more than one picture, or more grays than a screen shows.
typedef struct medmoe_image_request {
    /// The frame of a DICOM object, counted from 1.
    int64_t frame;
    /// Not 0: show grays by this window instead of the file's own.
    int32_t has_window;
    double window_center;
    /// Above 0.
    double window_width;
    /// Not 0: of a slide only this part, in pixels of its finest level.
    int32_t has_region;
    int64_t x;
    int64_t y;
    int64_t width;
    int64_t height;
} medmoe_image_request;

/// What a probe tells: the picture that the decoder will write for the same request.
typedef struct medmoe_image_size {
    /// Pixels, at least 1 each.
    int64_t width;
    int64_t height;
    /// Frames of a DICOM object; 1 for other kinds.
    int64_t frames;
    /// How the picture is to be turned, 1 to 8 as in Exif; always 1 for other kinds than TIFF.
    int32_t orientation;
    /// 1 when a window decides about the grays: gray DICOM and gray of 16 bits.
    int32_t is_windowed;
    /// 1 when the picture is a level of a slide, or the region of it that was asked for.
    int32_t is_slide;
} medmoe_image_size;

/// The size of a PNG. `message` has room for `MEDMOE_IMAGE_TEXT_CAPACITY` bytes, here and everywhere below.
medmoe_image_status medmoe_png_probe(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                     medmoe_image_size *size, char *message);

/// Decodes a PNG into `rgb`, `width * height * 3` bytes by rows; `size` as the probe gave it. Alpha is dropped,
/// palettes are looked up, 16-bit colour keeps its high byte, 16-bit gray is shown by the window of the request, and no
/// gamma or colour profile is applied.
medmoe_image_status medmoe_png_decode(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                      medmoe_image_size size, uint8_t *rgb, char *message);

/// The size of a JPEG.
medmoe_image_status medmoe_jpeg_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message);

/// Decodes a grayscale, YCbCr or RGB JPEG into `rgb`, with the accurate inverse DCT and smooth chroma upsampling.
medmoe_image_status medmoe_jpeg_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                       char *message);

/// The size of the first page of a TIFF. Of a slide (a TIFF in tiles that holds itself in several sizes, or one that a
/// region is asked of): the size of the region, or of the finest level with sides of no more than 4,096 pixels.
medmoe_image_status medmoe_tiff_probe(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                      medmoe_image_size *size, char *message);

/// Decodes gray, palette, RGB and YCbCr TIFF of up to 8 or 16 bits, in strips or tiles, uncompressed or by
/// PackBits, LZW, Deflate, JPEG, CCITT, Zstandard or WebP; not turned by its orientation. Alpha is dropped, after
/// colours that were multiplied by it have been divided again.
medmoe_image_status medmoe_tiff_decode(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                       medmoe_image_size size, uint8_t *rgb, char *message);

/// The size of a still WebP.
medmoe_image_status medmoe_webp_probe(const uint8_t *bytes, size_t count, medmoe_image_size *size, char *message);

/// Decodes a still WebP; alpha is dropped.
medmoe_image_status medmoe_webp_decode(const uint8_t *bytes, size_t count, medmoe_image_size size, uint8_t *rgb,
                                       char *message);

/// The size of a DICOM picture, its modality and its body part: the only two attributes that leave this function, empty
/// when absent or not a proper code string. Each has room for `MEDMOE_IMAGE_TEXT_CAPACITY` bytes.
medmoe_image_status medmoe_dicom_probe(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                       medmoe_image_size *size, char *modality, char *body_part, char *message);

/// Renders one frame of a DICOM picture into `rgb`. Gray: modality table or rescale, then the window of the request,
/// the first window of the file, its display table, or the frame's own range; MONOCHROME1 inverted; three equal channels.
/// Colour: RGB, palettes and YCbCr to RGB.
medmoe_image_status medmoe_dicom_decode(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                        medmoe_image_size size, uint8_t *rgb, char *message);

#ifdef __cplusplus
}
#endif

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
