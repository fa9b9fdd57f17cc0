// Opening: what kinds of TIFF are read, and which level of a slide answers a request.
#include "tiff_file.h"
#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace medmoe {

namespace {

// Sides of what is shown of a slide: more than any tower looks at, and quick to decode.
constexpr int64_t most_slide_side = 4096;
constexpr int most_directories = 256;
constexpr uint64_t most_block_bytes = uint64_t(256) << 20;
// Pixels that are unpacked and not shown.
constexpr uint64_t most_idle_pixels = uint64_t(64) << 20;
constexpr tmsize_t most_bytes_at_once = tmsize_t(256) << 20;

tmsize_t read_some(thandle_t handle, void *buffer, tmsize_t wanted) {
    TiffFile::Source &source = *static_cast<TiffFile::Source *>(handle);
    if (wanted < 0) {
        return 0;
    }
    const uint64_t given = source.at < source.count ? std::min(uint64_t(wanted), source.count - source.at) : 0;
    source.ran_out = source.ran_out || given < uint64_t(wanted);
    std::memcpy(buffer, source.bytes + (given > 0 ? source.at : 0), size_t(given));
    source.at += given;
    return tmsize_t(given);
}

tmsize_t write_none(thandle_t, void *, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
    TiffFile::Source &source = *static_cast<TiffFile::Source *>(handle);
    source.at = whence == SEEK_CUR ? source.at + offset : whence == SEEK_END ? source.count + offset : offset;
    return source.at;
}

int close_nothing(thandle_t) { return 0; }

toff_t whole_size(thandle_t handle) { return static_cast<TiffFile::Source *>(handle)->count; }

// The texts might quote the file, so they are not kept.
int ignore(TIFF *, void *, const char *, const char *, va_list) { return 1; }

// libjpeg fills what is missing with gray and only warns; such a picture must not pass for a whole one.
int heed(TIFF *, void *user, const char *module, const char *, va_list) {
    if (module != nullptr && std::strcmp(module, "JPEGLib") == 0) {
        static_cast<TiffFile::Source *>(user)->is_flawed = true;
    }
    return 1;
}

bool is_known_compression(unsigned compression) {
    switch (compression) {
    case COMPRESSION_NONE:
    case COMPRESSION_CCITTRLE:
    case COMPRESSION_CCITTFAX3:
    case COMPRESSION_CCITTFAX4:
    case COMPRESSION_LZW:
    case COMPRESSION_JPEG:
    case COMPRESSION_ADOBE_DEFLATE:
    case COMPRESSION_DEFLATE:
    case COMPRESSION_PACKBITS:
    case COMPRESSION_ZSTD:
    case COMPRESSION_WEBP: return TIFFIsCODECConfigured(uint16_t(compression)) != 0;
    default: return false;
    }
}

uint16_t tag_or(TIFF *tiff, uint32_t tag, uint16_t absent) {
    uint16_t value = 0;
    return TIFFGetField(tiff, tag, &value) == 1 ? value : absent;
}

}  // namespace

TiffFile::TiffFile(const uint8_t *bytes, size_t count, char *message) : source_{bytes, count}, message_(message) {}

medmoe_image_status TiffFile::failure() {
    if (source_.ran_out) {
        return medmoe_report(message_, MEDMOE_IMAGE_TRUNCATED,
                             "the TIFF ends after %llu bytes, before its picture does",
                             (unsigned long long)source_.count);
    }
    return medmoe_report(message_, MEDMOE_IMAGE_CORRUPT, "the TIFF is damaged: its tags or its pixels cannot be read");
}

medmoe_image_status TiffFile::open() {
    if (source_.count < 8) {
        return medmoe_report(message_, MEDMOE_IMAGE_TRUNCATED, "the TIFF ends within its first 8 bytes");
    }
    const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions *)> options(TIFFOpenOptionsAlloc(),
                                                                                TIFFOpenOptionsFree);
    if (options == nullptr) {
        return medmoe_report(message_, MEDMOE_IMAGE_NO_MEMORY, "libtiff could not start");
    }
    TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), most_bytes_at_once);
    TIFFOpenOptionsSetErrorHandlerExtR(options.get(), ignore, nullptr);
    TIFFOpenOptionsSetWarningHandlerExtR(options.get(), heed, &source_);
    tiff_.reset(TIFFClientOpenExt("picture", "rm", &source_, read_some, write_none, seek, close_nothing, whole_size,
                                  nullptr, nullptr, options.get()));
    return tiff_ == nullptr ? failure() : MEDMOE_IMAGE_OK;
}

medmoe_image_status TiffFile::go_to(int directory, TiffPage &page) {
    TIFF *tiff = tiff_.get();
    uint32_t width = 0, height = 0;
    uint16_t photometric = 0;
    if (TIFFSetDirectory(tiff, tdir_t(directory)) != 1 || TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width) != 1 ||
        TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &height) != 1 ||
        TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric) != 1 || width == 0 || height == 0) {
        return failure();
    }
    const unsigned compression = tag_or(tiff, TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    if (!is_known_compression(compression)) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "TIFF compression %u is not supported; save it uncompressed or with LZW, Deflate or JPEG",
                             compression);
    }
    page = TiffPage();
    page.width = width;
    page.height = height;
    page.photometric = photometric;
    page.samples = tag_or(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
    page.bits = tag_or(tiff, TIFFTAG_BITSPERSAMPLE, 1);
    const unsigned planes = tag_or(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    page.by_plane = page.samples > 1 && planes == PLANARCONFIG_SEPARATE;
    const unsigned format = tag_or(tiff, TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    page.is_signed = format == SAMPLEFORMAT_INT && page.bits == 16;
    const unsigned orientation = tag_or(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
    page.orientation = orientation >= 1 && orientation <= 8 ? int32_t(orientation) : 1;
    uint16_t extras = 0;
    uint16_t *kinds = nullptr;
    if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds) != 1) {
        extras = 0;
    }
    const bool is_gray = photometric <= PHOTOMETRIC_MINISBLACK;
    const bool is_rgb = photometric == PHOTOMETRIC_RGB;
    const bool is_ycbcr = photometric == PHOTOMETRIC_YCBCR;
    const bool is_palette = photometric == PHOTOMETRIC_PALETTE;
    const unsigned colours = is_rgb || is_ycbcr ? 3 : 1;
    // The tag alone makes no sample: libtiff takes more extra samples than there are.
    page.is_multiplied =
        is_rgb && page.samples > colours && extras > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    const bool small = page.bits == 1 || page.bits == 2 || page.bits == 4;
    const bool good_bits = page.bits == 8 || (page.bits == 16 && (is_gray || is_rgb)) ||
                           (small && page.samples == 1 && (is_gray || is_palette));
    if (!(is_gray || is_rgb || is_ycbcr || is_palette) || !good_bits || page.samples < colours ||
        page.samples > colours + 3 || (is_ycbcr && page.samples != 3) ||
        (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID && !page.is_signed) ||
        (page.is_signed && !is_gray)) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "a TIFF with photometric interpretation %u, %u samples of %u bits and sample format %u is "
                             "not supported; save it as gray or RGB of 8 bits",
                             unsigned(photometric), page.samples, page.bits, format);
    }
    if (is_ycbcr) {
        // JPEG turns its colours itself; other subsampled pixels are libtiff's to unfold.
        page.through_rgba = compression != COMPRESSION_JPEG;
        if (!page.through_rgba) {
            TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        }
    }
    page.is_tiled = TIFFIsTiled(tiff) != 0;
    page.block_width = width;
    page.block_height = height;
    uint32_t rows = 0;
    if (page.is_tiled) {
        TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &page.block_width);
        TIFFGetField(tiff, TIFFTAG_TILELENGTH, &page.block_height);
    } else if (TIFFGetField(tiff, TIFFTAG_ROWSPERSTRIP, &rows) == 1 && rows > 0) {
        page.block_height = std::min(height, rows);
    }
    const uint64_t block_pixels = uint64_t(page.block_width) * page.block_height;
    const uint64_t pixel_bytes = page.through_rgba ? 4 : uint64_t(page.samples) * std::max(1u, page.bits / 8);
    if (block_pixels == 0 || block_pixels > most_block_bytes / pixel_bytes) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "the TIFF has strips or tiles of %u x %u pixels, more than %llu MiB each; save it with "
                             "smaller ones",
                             page.block_width, page.block_height, (unsigned long long)(most_block_bytes >> 20));
    }
    return MEDMOE_IMAGE_OK;
}

medmoe_image_status TiffFile::choose(const medmoe_image_request &request, TiffPart &part, TiffPage &page) {
    medmoe_image_status status = go_to(0, page);
    if (status != MEDMOE_IMAGE_OK) {
        return status;
    }
    part = {0, 0, 0, page.width, page.height, false};
    if (!page.is_tiled) {
        return MEDMOE_IMAGE_OK;
    }
    // Levels are tiled pages of the same shape, each smaller than the one before; a slide's label is neither.
    const TiffPage whole = page;
    int64_t x = 0, y = 0, width = whole.width, height = whole.height;
    if (request.has_region != 0) {
        x = request.x;
        y = request.y;
        width = request.width;
        height = request.height;
        if (x < 0 || y < 0 || width < 1 || height < 1 || x >= whole.width || y >= whole.height ||
            width > whole.width - x || height > whole.height - y) {
            return medmoe_report(message_, MEDMOE_IMAGE_NOT_THERE,
                                 "a region of %lld x %lld at %lld, %lld was asked for, but the picture has %lld x %lld "
                                 "pixels",
                                 (long long)width, (long long)height, (long long)x, (long long)y,
                                 (long long)whole.width, (long long)whole.height);
        }
    }
    TiffPage level = whole;
    int directory = 0;
    const int directories = int(std::min<unsigned>(TIFFNumberOfDirectories(tiff_.get()), most_directories));
    const auto scale = [&] { return std::max(double(whole.width) / double(level.width), 1.0); };
    for (int next = 1; next < directories && double(std::max(width, height)) / scale() > most_slide_side; next++) {
        TiffPage candidate;
        if (go_to(next, candidate) != MEDMOE_IMAGE_OK || !candidate.is_tiled || candidate.width >= level.width) {
            continue;
        }
        const double shape = double(whole.width) * double(candidate.height) / double(candidate.width);
        if (std::abs(shape / double(whole.height) - 1) < 0.02) {
            level = candidate;
            directory = next;
        }
    }
    part.of_slide = directory != 0 || request.has_region != 0;
    part.directory = directory;
    part.x = std::min(int64_t(double(x) / scale()), level.width - 1);
    part.y = std::min(int64_t(double(y) / scale()), level.height - 1);
    const bool all = width == whole.width && height == whole.height;
    const int64_t wide = std::llround(double(width) / scale()), high = std::llround(double(height) / scale());
    part.width = all ? level.width : std::clamp<int64_t>(wide, 1, level.width - part.x);
    part.height = all ? level.height : std::clamp<int64_t>(high, 1, level.height - part.y);
    const uint64_t columns = uint64_t((part.x + part.width - 1) / level.block_width - part.x / level.block_width + 1);
    const uint64_t rows = uint64_t((part.y + part.height - 1) / level.block_height - part.y / level.block_height + 1);
    const uint64_t touched = columns * rows * level.block_width * level.block_height;
    const uint64_t shown = uint64_t(part.width) * uint64_t(part.height);
    if (touched * (level.by_plane ? level.samples : 1) > std::max(4 * shown, most_idle_pixels)) {
        return medmoe_report(message_, MEDMOE_IMAGE_UNSUPPORTED,
                             "the TIFF has tiles of %u x %u pixels, far more than its %lld x %lld pixels need; save it "
                             "with smaller ones",
                             level.block_width, level.block_height, (long long)level.width, (long long)level.height);
    }
    // What was wrong with pages that are not shown does not matter.
    source_.ran_out = false;
    source_.is_flawed = false;
    return go_to(directory, page);
}

}  // namespace medmoe
