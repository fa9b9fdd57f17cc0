// Attention of one instruction set; attention_kernels.c includes this file once for each.
//
// The including file defines NAME_(x), which gives a symbol its suffix; TARGET, the attribute of the instruction set;
// ROWS and WIDTH, the query rows and the vectors of positions or columns whose sums its registers hold; FUSED, whether
// a product is added in one rounding. `rows`, `width` and `bytes`, those of a key's or value's number, are known
// wherever the functions are inlined.

/// Adds to `sums`, (rows, width) vectors, the products of `count` steps: numbers of the panel, which lie BLOCK apart
/// from row to row, with `width` vectors that lie `stride` numbers apart from step to step.
TARGET INLINE void NAME(add_products)(const float *panel, const char *vectors, ptrdiff_t stride, ptrdiff_t count,
                                      lanes *sums, const int rows, const int width, const int bytes) {
    for (ptrdiff_t k = 0; k < count; k++) {
        lanes v[MOST_WIDTH];
        UNROLL for (int i = 0; i < width; i++) load(&v[i], vectors + (k * stride + i * LANES) * bytes, bytes);
        UNROLL for (int r = 0; r < rows; r++) {
            const lanes factor = EVERY_LANE(panel[r * BLOCK + k]);
            UNROLL for (int i = 0; i < width; i++) sums[r * width + i] = ADD_PRODUCT(factor, v[i], sums[r * width + i]);
        }
    }
}

/// The scores of a tile's rows and all positions of the blocks, what lies beyond the visible ones included.
TARGET INLINE void NAME(score)(const tile *t, const int rows, const int width, const int bytes) {
    const ptrdiff_t size = t->job->head_size;
    for (ptrdiff_t b = 0; b < t->blocks; b++) {
        const char *keys = keys_of(t, b, bytes);
        const char *next = b + 1 < t->blocks ? keys_of(t, b + 1, bytes) : values_of(t, 0, bytes);
        for (ptrdiff_t p = 0; p < BLOCK; p += width * LANES) {
            lanes sums[ROWS * 2];
            UNROLL for (int i = 0; i < rows * width; i++) sums[i] = (lanes){0};
            for (ptrdiff_t d = 0; d < size; d += BLOCK) {
                const ptrdiff_t count = size - d < BLOCK ? size - d : BLOCK;
                if (rows == 1) fetch(next + d * BLOCK * bytes, count * BLOCK * bytes);
                NAME(add_products)(t->queries + d * rows, keys + (d * BLOCK + p) * bytes, BLOCK, count, sums, rows,
                                   width, bytes);
            }
            UNROLL for (int r = 0; r < rows; r++)
                memcpy(t->scores + (b * rows + r) * BLOCK + p, &sums[r * width], (size_t)width * sizeof *sums);
        }
    }
}

/// Turns the scores of row r into exponentials, zeros beyond the `visible` ones; returns what their products with the
/// values are still to be multiplied by.
TARGET INLINE float NAME(exponentiate)(const tile *t, const int rows, int r) {
    const ptrdiff_t visible = t->visible[r], last = (visible - 1) / LANES;
    if (visible <= 0) return 0;
    float *scores = t->scores + r * BLOCK;
#define SCORES(i) (scores + (i) / 2 * rows * BLOCK + (i) % 2 * LANES)
    // Selected and not computed away: anything may lie beyond the visible positions.
    const whole_lanes hidden = lane_numbers >= (int32_t)(visible - last * LANES);
    const lanes least = EVERY_LANE(-__builtin_inff());
    lanes most = least, v;
    memcpy(&v, SCORES(last), sizeof v);
    v = SELECT(hidden, least, v);
    memcpy(SCORES(last), &v, sizeof v);
    for (ptrdiff_t i = 0; i <= last; i++) {
        memcpy(&v, SCORES(i), sizeof v);
        most = SELECT(v > most, v, most);
    }
    const float top = most_of_lanes(&most);
    lanes sums = {0};
    for (ptrdiff_t i = 0; i <= last; i++) {
        memcpy(&v, SCORES(i), sizeof v);
        v -= top;
        exponential_of(&v);
        if (i == last) v = SELECT(hidden, (lanes){0}, v);
        memcpy(SCORES(i), &v, sizeof v);
        sums += v;
    }
#undef SCORES
    return 1.0f / sum_of_lanes(&sums);
}

/// Adds up `width` vectors of columns, or fewer than one of them where `columns` says so, from column `first` on.
TARGET INLINE void NAME(sum_values)(const tile *t, ptrdiff_t first, ptrdiff_t columns, const int rows,
                                    const int width, const int bytes) {
    const ptrdiff_t size = t->job->head_size;
    float padded[BLOCK * LANES];
    lanes sums[ROWS * MOST_WIDTH];
    UNROLL for (int i = 0; i < rows * width; i++) sums[i] = (lanes){0};
    for (ptrdiff_t b = 0; b < t->blocks; b++) {
        const char *values = values_of(t, b, bytes) + first * bytes;
        const float *exponentials = t->scores + b * rows * BLOCK;
        const ptrdiff_t all = within_block(t->most_visible, b), common = within_block(t->least_visible, b);
        ptrdiff_t stride = size;
        if (columns < LANES) {
            for (ptrdiff_t p = 0; p < all; p++)
                memcpy((char *)padded + p * LANES * bytes, values + p * size * bytes, (size_t)(columns * bytes));
            values = (const char *)padded;
            stride = LANES;
        } else if (rows == 1) {
            const char *next = values_of(t, b + 1 < t->blocks ? b + 1 : b, bytes) + first * BLOCK * bytes;
            fetch(next, width * LANES * BLOCK * bytes);
        }
        NAME(add_products)(exponentials, values, stride, common, sums, rows, width, bytes);
        if (rows == 1 || common == all) continue;
        // What only some rows see is added to those alone: the others must not meet it, be it times zero.
        UNROLL for (int r = 0; r < rows; r++) {
            const ptrdiff_t own = within_block(t->visible[r], b);
            NAME(add_products)(exponentials + r * BLOCK + common, values + common * stride * bytes, stride,
                               own - common, &sums[r * width], 1, width, bytes);
        }
    }
    UNROLL for (int r = 0; r < rows; r++) {
        UNROLL for (int i = 0; i < width; i++) sums[r * width + i] *= t->factors[r];
        memcpy(t->output[r] + first, &sums[r * width], (size_t)columns * sizeof **t->output);
    }
}

TARGET INLINE void NAME(attend)(tile *t, const int rows, const int bytes) {
    NAME(score)(t, rows, rows == 1 ? 2 : WIDTH, bytes);
    for (int r = 0; r < rows; r++) t->factors[r] = NAME(exponentiate)(t, rows, r);
    const ptrdiff_t size = t->job->head_size;
    // One row has registers for more of its columns, and so reads values in the order of memory.
    const int width = rows == 1 ? 4 : WIDTH;
    for (ptrdiff_t c = 0; c < size;) {
        const ptrdiff_t whole = (size - c) / LANES;
        if (rows == 1 && whole == MOST_WIDTH) {
            NAME(sum_values)(t, c, MOST_WIDTH * LANES, rows, MOST_WIDTH, bytes);
            c += MOST_WIDTH * LANES;
        } else if (whole >= width) {
            NAME(sum_values)(t, c, width * LANES, rows, width, bytes);
            c += width * LANES;
        } else {
            NAME(sum_values)(t, c, whole > 0 ? LANES : size - c, rows, 1, bytes);
            c += LANES;
        }
    }
}

TARGET static void NAME(attend_row)(tile *t) { NAME(attend)(t, 1, 4); }
TARGET static void NAME(attend_rows)(tile *t) { NAME(attend)(t, ROWS, 4); }
TARGET static void NAME(attend_row_brain)(tile *t) { NAME(attend)(t, 1, 2); }
TARGET static void NAME(attend_rows_brain)(tile *t) { NAME(attend)(t, ROWS, 2); }

TARGET static void NAME(attend_task)(const medmoe_attention *job, ptrdiff_t head, ptrdiff_t first, ptrdiff_t end,
                                     float *scratch) {
    for (ptrdiff_t row = first; row < end;) {
        const int rows = end - row == 1 ? 1 : ROWS;
        tile t = tile_of(job, head, row, end, rows, scratch);
        if (job->brain) (rows == 1 ? NAME(attend_row_brain) : NAME(attend_rows_brain))(&t);
        else (rows == 1 ? NAME(attend_row) : NAME(attend_rows))(&t);
        row += rows;
    }
}
