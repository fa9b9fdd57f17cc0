// PNG by libpng's row interface. libpng reports errors with longjmp; every jump ends inside this file.
#include "CImageCodecs.h"
#include "gray_window.h"
#include "report.h"

#include <png.h>
#include <string.h>

// Colour profiles, texts and the like are skipped unread; what is left needs little memory.
static const png_alloc_size_t largest_chunk = 8 * 1024 * 1024;

struct reader {
    const uint8_t *bytes;
    size_t count;
    size_t offset;
    medmoe_image_status status;
    char *message;
};

static void on_error(png_structp png, png_const_charp text) {
    struct reader *reader = (struct reader *)png_get_error_ptr(png);
    if (reader->status == MEDMOE_IMAGE_OK) {
        reader->status = medmoe_report(reader->message, MEDMOE_IMAGE_CORRUPT, "the PNG is damaged (libpng: %s)", text);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    // Warnings are about chunks that do not change the pixels.
    (void)png;
    (void)text;
}

static void on_read(png_structp png, png_bytep destination, png_size_t wanted) {
    struct reader *reader = (struct reader *)png_get_io_ptr(png);
    if (wanted > reader->count - reader->offset) {
        reader->status = medmoe_report(reader->message, MEDMOE_IMAGE_TRUNCATED,
                                       "the PNG ends after %zu bytes, before its picture does", reader->count);
        png_error(png, "truncated");
    }
    memcpy(destination, reader->bytes + reader->offset, wanted);
    reader->offset += wanted;
}

static medmoe_image_status open_png(struct reader *reader, png_structp *png, png_infop *info) {
    if (reader->count < 8 || png_sig_cmp(reader->bytes, 0, 8) != 0) {
        return medmoe_report(reader->message, MEDMOE_IMAGE_NOT_AN_IMAGE, "the bytes do not begin as a PNG does");
    }
    *png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_error, on_warning);
    if (*png == NULL) {
        return medmoe_report(reader->message, MEDMOE_IMAGE_NO_MEMORY, "libpng could not start");
    }
    *info = png_create_info_struct(*png);
    if (*info == NULL) {
        png_destroy_read_struct(png, NULL, NULL);
        return medmoe_report(reader->message, MEDMOE_IMAGE_NO_MEMORY, "libpng could not start");
    }
    return MEDMOE_IMAGE_OK;
}

// Everything up to the first pixels. Called under setjmp.
static void read_header(struct reader *reader, png_structp png, png_infop info) {
    png_set_read_fn(png, reader, on_read);
    // The caller has limits of its own, applied between probe and decode.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(png, largest_chunk);
    png_set_chunk_cache_max(png, 64);
    static const png_byte skipped[] = "iCCP\0zTXt\0iTXt\0tEXt\0eXIf\0sPLT\0hIST";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, skipped, (int)(sizeof(skipped) / 5));
    png_read_info(png, info);
}

static int is_wide_gray(png_structp png, png_infop info) {
    return png_get_color_type(png, info) == PNG_COLOR_TYPE_GRAY && png_get_bit_depth(png, info) == 16;
}

medmoe_image_status medmoe_png_probe(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                     medmoe_image_size *size, char *message) {
    struct reader reader = {bytes, count, 0, MEDMOE_IMAGE_OK, message};
    png_structp png = NULL;
    png_infop info = NULL;
    medmoe_image_status status = open_png(&reader, &png, &info);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_read_struct(&png, &info, NULL);
        return reader.status;
    }
    read_header(&reader, png, info);
    *size = (medmoe_image_size){png_get_image_width(png, info), png_get_image_height(png, info), 1, 1, 0, 0};
    size->is_windowed = is_wide_gray(png, info);
    if (size->is_windowed && !request->has_window) {
        // Which of the 65,536 grays matter is not in the file, so any choice made here could hide a finding.
        reader.status = medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                                      "a 16-bit grayscale PNG states no display window; name one, save it with 8 bits, "
                                      "or send DICOM");
    }
    png_destroy_read_struct(&png, &info, NULL);
    return reader.status;
}

// Rows of 16-bit grays stand at the front of their rows of RGB; from the last to the first they can change in place.
static void show_wide_grays(uint8_t *rgb, medmoe_image_size size, const medmoe_image_request *request) {
    for (int64_t row = 0; row < size.height; row++) {
        uint8_t *pixels = rgb + (size_t)row * (size_t)size.width * 3;
        for (size_t i = (size_t)size.width; i-- > 0;) {
            const double value = (double)((unsigned)pixels[2 * i] << 8 | pixels[2 * i + 1]);
            const double share = medmoe_window_share(value, request->window_center, request->window_width);
            memset(pixels + 3 * i, medmoe_window_gray(share), 3);
        }
    }
}

medmoe_image_status medmoe_png_decode(const uint8_t *bytes, size_t count, const medmoe_image_request *request,
                                      medmoe_image_size size, uint8_t *rgb, char *message) {
    struct reader reader = {bytes, count, 0, MEDMOE_IMAGE_OK, message};
    png_structp png = NULL;
    png_infop info = NULL;
    medmoe_image_status status = open_png(&reader, &png, &info);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    if (setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_read_struct(&png, &info, NULL);
        return reader.status;
    }
    read_header(&reader, png, info);
    const int wide_gray = is_wide_gray(png, info);
    if (!wide_gray) {
        png_set_strip_16(png);
        png_set_packing(png);
        if (png_get_color_type(png, info) == PNG_COLOR_TYPE_PALETTE) {
            png_set_palette_to_rgb(png);
        } else if ((png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0) {
            png_set_expand_gray_1_2_4_to_8(png);
            png_set_gray_to_rgb(png);
        }
        png_set_strip_alpha(png);
    }
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
    if ((int64_t)png_get_image_width(png, info) != size.width ||
        (int64_t)png_get_image_height(png, info) != size.height ||
        png_get_rowbytes(png, info) != (size_t)size.width * (wide_gray ? 2 : 3)) {
        png_destroy_read_struct(&png, &info, NULL);
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the PNG's rows are not of the size in its header");
    }
    for (int pass = 0; pass < passes; pass++) {
        for (int64_t row = 0; row < size.height; row++) {
            png_read_row(png, rgb + (size_t)row * (size_t)size.width * 3, NULL);
        }
    }
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    if (wide_gray) {
        show_wide_grays(rgb, size, request);
    }
    return reader.status;
}
