// The products with weights of one kind of number; linear_tile.h includes this file once for each.
//
// KIND names the kind, BYTES is the size of its numbers.

#define WIDEN(from, to) NAME(JOIN(widen_, KIND))(from, to)

/// One step of weights, `rest` numbers of it and zeros after them when it is the last one.
TARGET INLINE void NAME(JOIN(step_, KIND))(const char *w, ptrdiff_t rest, lanes *to) {
    if (rest >= LANES) {
        WIDEN(w, to);
    } else {
        char padded[LANES * BYTES] = {0};
        memcpy(padded, w, (size_t)rest * BYTES);
        WIDEN(padded, to);
    }
}

TARGET static void NAME(JOIN(widen_all_, KIND))(const char *from, ptrdiff_t count, float *to) {
    for (ptrdiff_t k = 0; k < count; k += LANES) {
        lanes wide;
        NAME(JOIN(step_, KIND))(from + k * BYTES, count - k, &wide);
        memcpy(to + k, &wide, (size_t)(count - k < LANES ? count - k : LANES) * sizeof *to);
    }
}

/// One row by WIDTH outputs, weights as they are stored.
#define ROW_TILE(WIDTH)                                                                                                \
    do {                                                                                                               \
        lanes s[WIDTH];                                                                                                \
        UNROLL for (int o = 0; o < WIDTH; o++) s[o] = (lanes){0};                                                      \
        ptrdiff_t k = 0;                                                                                               \
        for (; k + LANES <= count; k += LANES) {                                                                       \
            lanes input;                                                                                               \
            NAME(widen_f32)(x + k, &input);                                                                            \
            UNROLL for (int o = 0; o < WIDTH; o++) {                                                                   \
                lanes weight;                                                                                          \
                WIDEN(w + (o * count + k) * BYTES, &weight);                                                           \
                s[o] = ADD_PRODUCT(input, weight, s[o]);                                                               \
            }                                                                                                          \
        }                                                                                                              \
        if (k < count) {                                                                                               \
            float padded[LANES] = {0};                                                                                 \
            memcpy(padded, x + k, (size_t)(count - k) * sizeof *x);                                                    \
            lanes input;                                                                                               \
            NAME(widen_f32)(padded, &input);                                                                           \
            for (int o = 0; o < WIDTH; o++) {                                                                          \
                lanes weight;                                                                                          \
                NAME(JOIN(step_, KIND))(w + (o * count + k) * BYTES, count - k, &weight);                              \
                s[o] = ADD_PRODUCT(input, weight, s[o]);                                                               \
            }                                                                                                          \
        }                                                                                                              \
        for (int o = 0; o < WIDTH; o++) y[o] = finish(job, output + o, &s[o]);                                         \
    } while (0)

TARGET static void NAME(JOIN(wide_row_, KIND))(const medmoe_linear *job, const float *x, ptrdiff_t output, float *y) {
    const ptrdiff_t count = job->inputs;
    const char *w = (const char *)job->weights + output * count * BYTES;
    ROW_TILE(8);
}

TARGET static void NAME(JOIN(narrow_row_, KIND))(const medmoe_linear *job, const float *x, ptrdiff_t output, float *y) {
    const ptrdiff_t count = job->inputs;
    const char *w = (const char *)job->weights + output * count * BYTES;
    ROW_TILE(1);
}

/// A few rows: weights are widened again for each.
TARGET static void NAME(JOIN(rows_, KIND))(const medmoe_linear *job, ptrdiff_t first, ptrdiff_t end) {
    for (ptrdiff_t o = first; o < end;) {
        const ptrdiff_t width = end - o >= 8 ? 8 : 1;
        for (ptrdiff_t row = 0; row < job->rows; row++) {
            const float *x = job->x + row * job->inputs;
            float *y = job->y + row * job->outputs + o;
            if (width == 8) NAME(JOIN(wide_row_, KIND))(job, x, o, y);
            else NAME(JOIN(narrow_row_, KIND))(job, x, o, y);
        }
        o += width;
    }
}

/// Many rows, whose inputs are packed: weights are widened once for each block of rows.
TARGET static void NAME(JOIN(packed_, KIND))(const medmoe_linear *job, ptrdiff_t first, ptrdiff_t end) {
    enum { TILES = BLOCK_ROWS / ROWS };
    const ptrdiff_t steps = (job->inputs + LANES - 1) / LANES;
    const ptrdiff_t tiles = (job->rows + ROWS - 1) / ROWS;
    float panel[CHUNK_STEPS * OUTPUTS * LANES] __attribute__((aligned(64)));
    lanes_aligned sums[TILES][ROWS * OUTPUTS];
    for (ptrdiff_t block = 0; block < tiles; block += TILES) {
        const ptrdiff_t block_tiles = tiles - block < TILES ? tiles - block : TILES;
        for (ptrdiff_t o = first; o < end; o += OUTPUTS) {
            const ptrdiff_t width = end - o < OUTPUTS ? end - o : OUTPUTS;
            memset(sums, 0, (size_t)block_tiles * sizeof sums[0]);
            for (ptrdiff_t chunk = 0; chunk < steps; chunk += CHUNK_STEPS) {
                const ptrdiff_t chunk_steps = steps - chunk < CHUNK_STEPS ? steps - chunk : CHUNK_STEPS;
                for (ptrdiff_t i = 0; i < OUTPUTS; i++) {
                    // Outputs past the last one repeat it; nobody reads them.
                    const ptrdiff_t output = o + (i < width ? i : width - 1);
                    const char *w = (const char *)job->weights + output * job->inputs * BYTES;
                    for (ptrdiff_t step = 0; step < chunk_steps; step++) {
                        const ptrdiff_t k = (chunk + step) * LANES;
                        lanes weight;
                        NAME(JOIN(step_, KIND))(w + k * BYTES, job->inputs - k, &weight);
                        memcpy(panel + (step * OUTPUTS + i) * LANES, &weight, sizeof weight);
                    }
                }
                for (ptrdiff_t tile = 0; tile < block_tiles; tile++) {
                    const float *x = job->packed + ((block + tile) * steps + chunk) * ROWS * LANES;
                    NAME(packed_tile)(x, panel, chunk_steps, (lanes *)sums[tile]);
                }
            }
            for (ptrdiff_t tile = 0; tile < block_tiles; tile++) {
                for (ptrdiff_t r = 0; r < ROWS; r++) {
                    const ptrdiff_t row = (block + tile) * ROWS + r;
                    if (row >= job->rows) break;
                    for (ptrdiff_t i = 0; i < width; i++)
                        job->y[row * job->outputs + o + i] = finish(job, o + i, (const lanes *)&sums[tile][r * OUTPUTS + i]);
                }
            }
        }
    }
}

#undef WIDEN
#undef ROW_TILE
#undef KIND
#undef BYTES
