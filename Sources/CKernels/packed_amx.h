// The packed products with AMX, which multiplies whole tiles: up to 16 rows by 16 words of inputs with these words of 16
// outputs. packed_kernels.c includes this file once, behind the kernels of AVX-512 with dot products.
//
// A panel's words lie as a tile wants them: 16 words of 16 outputs are a tile of weights whose rows lie a panel apart.

enum {
    /// Rows of the two tiles that share what is loaded of the weights.
    PAIR_ROWS = 2 * TILE_ROWS,
    /// Below these numbers of rows a product waits for memory, and other instructions give the same bits at least as fast.
    TILES_FROM_ROWS_BF16 = 2,
    TILES_FROM_ROWS_INT8 = 4,
    /// Bytes of the panels that all rows go by before the next ones: they stay in the second-level cache, so that weights
    /// come from memory once and rows only a few times from the cache behind.
    AMX_GROUP_BYTES = 1 << 20,
};

/// Whether rows are multiplied in tiles.
static bool takes_tiles(medmoe_packed_kind kind, ptrdiff_t rows) {
    switch (kind) {
    case MEDMOE_PACKED_BF16_PAIRS: return false;
    case MEDMOE_PACKED_BF16_TILES: return rows >= TILES_FROM_ROWS_BF16;
    case MEDMOE_PACKED_INT8: return rows >= TILES_FROM_ROWS_INT8;
    }
    return false;
}

/// The rows of one tile, or of two when there are `lower` ones, by one panel; `sums` has room for 32 rows.
#define AMX_TILE(MULTIPLY)                                                                                             \
    do {                                                                                                               \
        _tile_zero(0);                                                                                                 \
        _tile_zero(1);                                                                                                 \
        if (lower) {                                                                                                   \
            _tile_zero(2);                                                                                             \
            _tile_zero(3);                                                                                             \
        }                                                                                                              \
        for (ptrdiff_t word = 0; word < words; word += STEP) {                                                         \
            _tile_loadd(6, w + word * PANEL, PANEL * 4);                                                               \
            _tile_loadd(4, x + word, pitch * 4);                                                                       \
            MULTIPLY(0, 4, 6);                                                                                         \
            _tile_loadd(7, w + word * PANEL + LANES, PANEL * 4);                                                       \
            MULTIPLY(1, 4, 7);                                                                                         \
            if (lower) {                                                                                               \
                _tile_loadd(5, x + TILE_ROWS * pitch + word, pitch * 4);                                               \
                MULTIPLY(2, 5, 6);                                                                                     \
                MULTIPLY(3, 5, 7);                                                                                     \
            }                                                                                                          \
        }                                                                                                              \
        _tile_stored(0, sums[0].sums, PANEL * 4);                                                                      \
        _tile_stored(1, &sums[0].sums[1], PANEL * 4);                                                                  \
        if (lower) {                                                                                                   \
            _tile_stored(2, sums[TILE_ROWS].sums, PANEL * 4);                                                          \
            _tile_stored(3, &sums[TILE_ROWS].sums[1], PANEL * 4);                                                      \
        }                                                                                                              \
    } while (0)

TARGET_AMX static void amx_tile_bf16(const uint32_t *x, ptrdiff_t pitch, const uint32_t *w, ptrdiff_t words,
                                     bool lower, sums_avx512_dot *sums) {
    AMX_TILE(_tile_dpbf16ps);
}

TARGET_AMX static void amx_tile_int8(const uint32_t *x, ptrdiff_t pitch, const uint32_t *w, ptrdiff_t words,
                                     bool lower, sums_avx512_dot *sums) {
    AMX_TILE(_tile_dpbusd);
}

/// Panels `first` to `end` of a matrix by all rows.
TARGET_AMX static void run_amx(const medmoe_packed_matrix *matrix, const medmoe_packed_rows *rows, ptrdiff_t first,
                               ptrdiff_t end, float *y, ptrdiff_t stride) {
    const medmoe_packed_kind kind = matrix->kind;
    if (!takes_tiles(kind, rows->rows)) return run_avx512_dot(matrix, rows, first, end, y, stride);
    const ptrdiff_t words = words_of(kind, matrix->inputs), pitch = pitch_of(words);
    const ptrdiff_t fitting = words > 0 ? AMX_GROUP_BYTES / (words * PANEL * 4) : 1;
    const ptrdiff_t group_panels = fitting > 1 ? fitting : 1;
    sums_avx512_dot sums[PAIR_ROWS] __attribute__((aligned(64)));
    ptrdiff_t shaped = 0;
    for (ptrdiff_t group = first; group < end; group += group_panels) {
        const ptrdiff_t group_end = end - group < group_panels ? end : group + group_panels;
        for (ptrdiff_t row = 0; row < rows->rows; row += PAIR_ROWS) {
            const ptrdiff_t count = rows->rows - row < PAIR_ROWS ? rows->rows - row : PAIR_ROWS;
            const ptrdiff_t upper = count < TILE_ROWS ? count : TILE_ROWS;
            if (count != shaped) shape_tiles(upper, count - upper);
            shaped = count;
            const uint32_t *x = (const uint32_t *)rows->packed + row * pitch;
            for (ptrdiff_t panel = group; panel < group_end; panel++) {
                const ptrdiff_t o = panel * PANEL;
                const ptrdiff_t width = matrix->outputs - o < PANEL ? matrix->outputs - o : PANEL;
                const uint32_t *w = (const uint32_t *)matrix->panels + o * words;
                float *to = y + row * stride + (panel - first) * PANEL;
                // Lines that are to be written come while tiles are multiplied, and not all at once behind them.
                for (ptrdiff_t r = 0; r < count; r++) {
                    __builtin_prefetch(to + r * stride, 1);
                    __builtin_prefetch(to + r * stride + LANES, 1);
                }
                if (kind == MEDMOE_PACKED_INT8) amx_tile_int8(x, pitch, w, words, count > upper, sums);
                else amx_tile_bf16(x, pitch, w, words, count > upper, sums);
                for (ptrdiff_t r = 0; r < count; r++)
                    finish_avx512_dot(matrix, rows, row + r, o, width, &sums[r], to + r * stride);
            }
        }
    }
    // Left as it is, the system would save and restore all tiles with every change of threads.
    _tile_release();
}
