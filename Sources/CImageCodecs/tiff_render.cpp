// Pixels of a TIFF: block by block, so that a region costs no more than the tiles it touches.
#include "gray_window.h"
#include "report.h"
#include "tiff_file.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace medmoe {

namespace {

// Samples of one block: of one pixel together, or in planes one after the other.
struct Block {
    const uint8_t *bytes;
    const TiffPage &page;
    size_t row_bytes;
    size_t plane_bytes;

    unsigned sample(size_t x, size_t y, unsigned channel) const {
        const uint8_t *row = bytes + y * row_bytes + (page.by_plane ? channel * plane_bytes : 0);
        const size_t i = page.by_plane ? x : x * page.samples + channel;
        if (page.bits == 16) {
            uint16_t value;
            std::memcpy(&value, row + 2 * i, 2);
            return value;
        }
        if (page.bits == 8) {
            return row[i];
        }
        const size_t bit = i * page.bits;
        return unsigned(row[bit / 8] >> (8 - page.bits - bit % 8)) & ((1u << page.bits) - 1);
    }
};

uint8_t divided(unsigned colour, unsigned alpha) {
    return alpha == 0 ? 0 : uint8_t(std::min(255u, colour * 255 / alpha));
}

}  // namespace

medmoe_image_status TiffFile::read_block(const TiffPage &page, int64_t x, int64_t y, std::vector<uint8_t> &block) {
    TIFF *tiff = tiff_.get();
    const uint32_t column = uint32_t(x), row = uint32_t(y);
    if (page.through_rgba) {
        uint32_t *raster = reinterpret_cast<uint32_t *>(block.data());
        const int good = page.is_tiled ? TIFFReadRGBATileExt(tiff, column, row, raster, 1)
                                       : TIFFReadRGBAStripExt(tiff, row, raster, 1);
        return good == 1 ? MEDMOE_IMAGE_OK : failure();
    }
    const unsigned planes = page.by_plane ? page.samples : 1;
    const size_t plane_bytes = block.size() / planes;
    for (unsigned plane = 0; plane < planes; plane++) {
        uint8_t *into = block.data() + plane * plane_bytes;
        const uint16_t sample = uint16_t(plane);
        const tmsize_t got =
            page.is_tiled
                ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, column, row, 0, sample), into, tmsize_t(plane_bytes))
                : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, row, sample), into, tmsize_t(plane_bytes));
        if (got < 0 || source_.is_flawed) {
            return failure();
        }
    }
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status TiffFile::render(const TiffPart &part, const TiffPage &page, const medmoe_image_request &request,
                                     uint8_t *rgb) {
    const size_t block_width = page.block_width, block_height = page.block_height;
    const unsigned together = page.by_plane ? 1 : page.samples;
    const size_t row_bytes = page.through_rgba ? block_width * 4 : (block_width * together * page.bits + 7) / 8;
    const size_t plane_bytes = row_bytes * block_height;
    // libtiff knows how large a block becomes; where that is not what the tags say, nothing is read.
    const tmsize_t expected =
        page.is_tiled ? TIFFTileSize(tiff_.get()) : TIFFVStripSize(tiff_.get(), page.block_height);
    if (!page.through_rgba && expected != tmsize_t(plane_bytes)) {
        return failure();
    }
    std::vector<uint8_t> bytes(plane_bytes * (page.by_plane ? page.samples : 1));
    uint16_t *palette[3] = {nullptr, nullptr, nullptr};
    if (page.photometric == PHOTOMETRIC_PALETTE &&
        TIFFGetField(tiff_.get(), TIFFTAG_COLORMAP, &palette[0], &palette[1], &palette[2]) != 1) {
        return failure();
    }
    const Block block = {bytes.data(), page, row_bytes, plane_bytes};
    const bool is_colour = page.photometric == PHOTOMETRIC_RGB || page.photometric == PHOTOMETRIC_YCBCR;
    const unsigned down = page.bits == 16 ? 8 : 0;
    const auto pixel = [&](size_t x, size_t y, uint8_t *out) {
        if (page.through_rgba) {  // Red, green, blue, alpha in memory.
            std::memcpy(out, bytes.data() + y * row_bytes + 4 * x, 3);
            return;
        }
        if (is_colour) {
            const unsigned alpha = page.is_multiplied ? block.sample(x, y, 3) >> down : 255;
            for (unsigned channel = 0; channel < 3; channel++) {
                const unsigned colour = block.sample(x, y, channel) >> down;
                out[channel] = page.is_multiplied ? divided(colour, alpha) : uint8_t(colour);
            }
            return;
        }
        const unsigned sample = block.sample(x, y, 0);
        if (palette[0] != nullptr) {
            for (unsigned channel = 0; channel < 3; channel++) {
                out[channel] = uint8_t(palette[channel][sample] >> 8);
            }
            return;
        }
        uint8_t gray;
        if (page.bits == 16) {
            const double value = page.is_signed ? double(int16_t(sample)) : double(sample);
            gray = medmoe_window_gray(medmoe_window_share(value, request.window_center, request.window_width));
        } else {
            gray = uint8_t(sample * 255 / ((1u << page.bits) - 1));
        }
        std::memset(out, page.photometric == PHOTOMETRIC_MINISWHITE ? 255 - gray : gray, 3);
    };
    const int64_t right = part.x + part.width, bottom = part.y + part.height;
    const int64_t across = page.block_width, down_by = page.block_height;
    for (int64_t top = part.y / down_by * down_by; top < bottom; top += down_by) {
        for (int64_t left = part.x / across * across; left < right; left += across) {
            const medmoe_image_status status = read_block(page, left, top, bytes);
            if (status != MEDMOE_IMAGE_OK) {
                return status;
            }
            // libtiff's own RGB comes from the bottom up: of a strip its rows, of a tile all of them.
            const int64_t rows = page.is_tiled ? down_by : std::min(down_by, page.height - top);
            for (int64_t y = std::max(top, part.y); y < std::min(top + down_by, bottom); y++) {
                const int64_t row = page.through_rgba ? rows - 1 - (y - top) : y - top;
                for (int64_t x = std::max(left, part.x); x < std::min(left + across, right); x++) {
                    pixel(size_t(x - left), size_t(row), rgb + 3 * ((y - part.y) * part.width + x - part.x));
                }
            }
        }
    }
    return MEDMOE_IMAGE_OK;
}

namespace {

// Opens a file, chooses the part that a request is about, and goes on with `body`; nothing is thrown.
template <typename Body>
medmoe_image_status with_part(const uint8_t *bytes, size_t count, const medmoe_image_request &request, char *message,
                              Body body) {
    try {
        TiffFile file(bytes, count, message);
        TiffPart part;
        TiffPage page;
        medmoe_image_status status = file.open();
        if (status == MEDMOE_IMAGE_OK) {
            status = file.choose(request, part, page);
        }
        return status == MEDMOE_IMAGE_OK ? body(file, part, page) : status;
    } catch (const std::bad_alloc &) {
        return medmoe_report(message, MEDMOE_IMAGE_NO_MEMORY, "no memory left to decode the TIFF");
    } catch (...) {
        return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the TIFF could not be read");
    }
}

}  // namespace

}  // namespace medmoe

extern "C" medmoe_image_status medmoe_tiff_probe(const uint8_t *bytes, size_t count,
                                                 const medmoe_image_request *request, medmoe_image_size *size,
                                                 char *message) {
    using medmoe::TiffFile, medmoe::TiffPart, medmoe::TiffPage;
    const auto body = [&](TiffFile &, const TiffPart &part, const TiffPage &page) -> medmoe_image_status {
        if (page.is_wide_gray() && !request->has_window) {
            return medmoe_report(message, MEDMOE_IMAGE_UNSUPPORTED,
                                 "a 16-bit grayscale TIFF states no display window; name one, save it with 8 bits, or "
                                 "send DICOM");
        }
        *size = {part.width,       part.height,                  1,
                 page.orientation, page.is_wide_gray() ? 1 : 0, part.of_slide ? 1 : 0};
        return MEDMOE_IMAGE_OK;
    };
    return medmoe::with_part(bytes, count, *request, message, body);
}

extern "C" medmoe_image_status medmoe_tiff_decode(const uint8_t *bytes, size_t count,
                                                  const medmoe_image_request *request, medmoe_image_size size,
                                                  uint8_t *rgb, char *message) {
    using medmoe::TiffFile, medmoe::TiffPart, medmoe::TiffPage;
    const auto body = [&](TiffFile &file, const TiffPart &part, const TiffPage &page) -> medmoe_image_status {
        if (part.width != size.width || part.height != size.height) {
            return medmoe_report(message, MEDMOE_IMAGE_CORRUPT, "the TIFF is not of the size its probe gave");
        }
        return file.render(part, page, *request, rgb);
    };
    return medmoe::with_part(bytes, count, *request, message, body);
}
