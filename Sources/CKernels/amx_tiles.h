// The tiles of AMX: eight registers of up to 16 rows of 64 bytes.
#ifndef MEDMOE_AMX_TILES_H
#define MEDMOE_AMX_TILES_H

#if defined(__x86_64__)
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_AMX                                                                                                     \
    __attribute__((                                                                                                    \
        target("prfchw,amx-tile,amx-int8,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,avx2,fma,f16c")))

enum {
    /// Rows of a whole tile.
    TILE_ROWS = 16,
};

/// What `ldtilecfg` reads.
typedef struct tile_shapes {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

/// Tiles 0 to 3 hold sums (upper rows by either half of the panel, then lower rows), 4 and 5 inputs, 6 and 7 weights.
TARGET_AMX static inline __attribute__((always_inline)) void shape_tiles(ptrdiff_t upper, ptrdiff_t lower) {
    tile_shapes shapes = {.palette = 1};
    const uint8_t rows[8] = {(uint8_t)upper, (uint8_t)upper, (uint8_t)lower, (uint8_t)lower,
                             (uint8_t)upper, (uint8_t)lower, TILE_ROWS,      TILE_ROWS};
    for (int i = 0; i < 8; i++) {
        shapes.rows[i] = rows[i];
        shapes.row_bytes[i] = rows[i] ? 64 : 0;
    }
    _tile_loadconfig(&shapes);
}

#endif
#endif
