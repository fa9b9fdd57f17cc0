// A TIFF in memory, read by libtiff. Not part of the interface.
#ifndef MEDMOE_TIFF_FILE_H
#define MEDMOE_TIFF_FILE_H

#include "CImageCodecs.h"

#include <tiffio.h>

#include <memory>
#include <vector>

namespace medmoe {

/// What the tags of a page say, checked.
struct TiffPage {
    int64_t width = 0;
    int64_t height = 0;
    unsigned samples = 1;
    unsigned bits = 8;
    unsigned photometric = PHOTOMETRIC_MINISBLACK;
    bool by_plane = false;
    bool is_signed = false;
    /// Colours were multiplied by the alpha that follows them.
    bool is_multiplied = false;
    /// libtiff itself makes RGB of it.
    bool through_rgba = false;
    int32_t orientation = 1;
    bool is_tiled = false;
    /// Of a tile, or of a strip and the page.
    uint32_t block_width = 0;
    uint32_t block_height = 0;

    bool is_wide_gray() const { return bits == 16 && photometric <= PHOTOMETRIC_MINISBLACK; }
};

/// Part of a page.
struct TiffPart {
    int directory = 0;
    int64_t x = 0;
    int64_t y = 0;
    int64_t width = 0;
    int64_t height = 0;
    /// It is of a slide: a level or a region, not simply the page.
    bool of_slide = false;
};

class TiffFile {
public:
    TiffFile(const uint8_t *bytes, size_t count, char *message);

    medmoe_image_status open();
    /// The part of the file that a request is about, and the page it is on.
    medmoe_image_status choose(const medmoe_image_request &request, TiffPart &part, TiffPage &page);
    /// Writes a part as RGB, `width * height * 3` bytes.
    medmoe_image_status render(const TiffPart &part, const TiffPage &page, const medmoe_image_request &request,
                               uint8_t *rgb);

    /// What libtiff reads from, and what it noticed.
    struct Source {
        const uint8_t *bytes;
        uint64_t count;
        uint64_t at = 0;
        bool ran_out = false;
        bool is_flawed = false;
    };

private:
    medmoe_image_status go_to(int directory, TiffPage &page);
    medmoe_image_status failure();
    medmoe_image_status read_block(const TiffPage &page, int64_t x, int64_t y, std::vector<uint8_t> &block);

    Source source_;
    char *message_;
    std::unique_ptr<TIFF, void (*)(TIFF *)> tiff_{nullptr, TIFFClose};
};

}  // namespace medmoe

#endif
