// The packed products of one instruction set; packed_kernels.c includes this file once for each.
//
// The including file defines NAME(x), which gives a symbol its suffix; TARGET, the attribute of the instruction set;
// SUB_ROWS, the rows whose sums its registers hold; SET_DOT, whether it has the dot products of brain floats and bytes;
// SET_MADD, the bits of its multiply-add of 16-bit pairs, else 0; SET_FUSED, whether a product is added in one rounding.

/// sum += the products of one word of brain floats: the second numbers, then the first.
TARGET INLINE void NAME(add_bf16)(lanes *sum, const bit_lanes *weight, uint32_t input) {
#if SET_DOT
    *sum = (lanes)_mm512_dpbf16_ps((__m512)*sum, (__m512bh)*weight, (__m512bh)_mm512_set1_epi32((int)input));
#else
    const lanes second = (lanes)(*weight & 0xFFFF0000u), first = (lanes)(*weight << 16);
    const bit_lanes x = (bit_lanes){0} + input;
    const lanes x2 = (lanes)(x & 0xFFFF0000u), x1 = (lanes)(x << 16);
#if SET_FUSED
    *sum = __builtin_elementwise_fma(first, x1, __builtin_elementwise_fma(second, x2, *sum));
#else
    *sum = first * x1 + (second * x2 + *sum);
#endif
#endif
}

/// sum += the products of one word of bytes, inputs without a sign and weights with one; exact.
TARGET INLINE void NAME(add_int8)(word_lanes *sum, const bit_lanes *weight, uint32_t input) {
#if SET_DOT
    *sum = (word_lanes)_mm512_dpbusd_epi32((__m512i)*sum, _mm512_set1_epi32((int)input), (__m512i)*weight);
#elif SET_MADD == 512
    const __m512i w = (__m512i)*weight, x = _mm512_set1_epi32((int)input);
    const __m512i even = _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8), odd = _mm512_srai_epi16(w, 8);
    const __m512i x_even = _mm512_and_si512(x, _mm512_set1_epi16(255)), x_odd = _mm512_srli_epi16(x, 8);
    const __m512i both = _mm512_add_epi32(_mm512_madd_epi16(even, x_even), _mm512_madd_epi16(odd, x_odd));
    *sum += (word_lanes)both;
#elif SET_MADD == 256
    __m256i halves[2], sums[2];
    memcpy(halves, weight, sizeof halves);
    memcpy(sums, sum, sizeof sums);
    const __m256i x = _mm256_set1_epi32((int)input);
    const __m256i x_even = _mm256_and_si256(x, _mm256_set1_epi16(255)), x_odd = _mm256_srli_epi16(x, 8);
    UNROLL for (int i = 0; i < 2; i++) {
        const __m256i even = _mm256_srai_epi16(_mm256_slli_epi16(halves[i], 8), 8);
        const __m256i odd = _mm256_srai_epi16(halves[i], 8);
        const __m256i both = _mm256_add_epi32(_mm256_madd_epi16(even, x_even), _mm256_madd_epi16(odd, x_odd));
        sums[i] = _mm256_add_epi32(sums[i], both);
    }
    memcpy(sum, sums, sizeof sums);
#else
    const word_lanes w = (word_lanes)*weight;
    for (int byte = 0; byte < 4; byte++)
        *sum += (w << (24 - 8 * byte) >> 24) * (int32_t)(input >> (8 * byte) & 255);
#endif
}

/// `count` rows, which lie `pitch` words apart, by one panel.
#define SUB_TILE(ADD, TYPE, count)                                                                                     \
    do {                                                                                                               \
        TYPE s[count][VECTORS];                                                                                        \
        UNROLL for (int r = 0; r < count; r++) UNROLL for (int v = 0; v < VECTORS; v++) s[r][v] = (TYPE){0};           \
        for (ptrdiff_t word = 0; word < words; word++) {                                                               \
            bit_lanes weight[VECTORS];                                                                                 \
            UNROLL for (int v = 0; v < VECTORS; v++)                                                                   \
                memcpy(&weight[v], w + word * PANEL + v * LANES, sizeof weight[v]);                                    \
            __builtin_prefetch(w + word * PANEL + PREFETCH_WORDS);                                              \
            __builtin_prefetch(w + word * PANEL + PREFETCH_WORDS + LANES);                                      \
            UNROLL for (int r = 0; r < count; r++)                                                                     \
                UNROLL for (int v = 0; v < VECTORS; v++) ADD(&s[r][v], &weight[v], x[r * pitch + word]);               \
        }                                                                                                              \
        memcpy(sums, s, sizeof s);                                                                                     \
    } while (0)

#define SUB_TILES(KIND, TYPE)                                                                                          \
    TARGET static void NAME(sub_tile_##KIND)(const uint32_t *x, ptrdiff_t pitch, const uint32_t *w,                    \
                                             ptrdiff_t words, int count, TYPE *sums) {                                 \
        switch (count) {                                                                                               \
            SUB_CASES(KIND, TYPE)                                                                                      \
        }                                                                                                              \
    }
#define SUB_CASE(KIND, TYPE, n)                                                                                        \
    case n: SUB_TILE(NAME(add_##KIND), TYPE, n); break;
#if SUB_ROWS == 12
#define SUB_CASES(KIND, TYPE)                                                                                          \
    SUB_CASE(KIND, TYPE, 1)                                                                                            \
    SUB_CASE(KIND, TYPE, 2)                                                                                            \
    SUB_CASE(KIND, TYPE, 3)                                                                                            \
    SUB_CASE(KIND, TYPE, 4)                                                                                            \
    SUB_CASE(KIND, TYPE, 5)                                                                                            \
    SUB_CASE(KIND, TYPE, 6)                                                                                            \
    SUB_CASE(KIND, TYPE, 7)                                                                                            \
    SUB_CASE(KIND, TYPE, 8)                                                                                            \
    SUB_CASE(KIND, TYPE, 9)                                                                                            \
    SUB_CASE(KIND, TYPE, 10)                                                                                           \
    SUB_CASE(KIND, TYPE, 11)                                                                                           \
    SUB_CASE(KIND, TYPE, 12)
#elif SUB_ROWS == 6
#define SUB_CASES(KIND, TYPE)                                                                                          \
    SUB_CASE(KIND, TYPE, 1)                                                                                            \
    SUB_CASE(KIND, TYPE, 2)                                                                                            \
    SUB_CASE(KIND, TYPE, 3)                                                                                            \
    SUB_CASE(KIND, TYPE, 4)                                                                                            \
    SUB_CASE(KIND, TYPE, 5)                                                                                            \
    SUB_CASE(KIND, TYPE, 6)
#elif SUB_ROWS == 2
#define SUB_CASES(KIND, TYPE)                                                                                          \
    SUB_CASE(KIND, TYPE, 1)                                                                                            \
    SUB_CASE(KIND, TYPE, 2)
#else
#define SUB_CASES(KIND, TYPE) SUB_CASE(KIND, TYPE, 1)
#endif

SUB_TILES(bf16, lanes)
SUB_TILES(int8, word_lanes)

/// `count` rows by one panel of brain floats, summed in steps.
#define STEP_TILE(count)                                                                                               \
    do {                                                                                                               \
        lanes s[count][VECTORS];                                                                                       \
        UNROLL for (int r = 0; r < count; r++) UNROLL for (int v = 0; v < VECTORS; v++) s[r][v] = (lanes){0};          \
        for (ptrdiff_t step = 0; step < words; step += STEP) {                                                         \
            lanes first[count][VECTORS], second[count][VECTORS];                                                       \
            UNROLL for (int r = 0; r < count; r++)                                                                     \
                UNROLL for (int v = 0; v < VECTORS; v++) first[r][v] = second[r][v] = (lanes){0};                      \
            for (ptrdiff_t word = step; word < step + STEP; word++) {                                                  \
                bit_lanes weight[VECTORS];                                                                             \
                memcpy(weight, w + word * PANEL, sizeof weight);                                                       \
                __builtin_prefetch(w + word * PANEL + PREFETCH_WORDS);                                                 \
                __builtin_prefetch(w + word * PANEL + PREFETCH_WORDS + LANES);                                         \
                UNROLL for (int r = 0; r < count; r++) UNROLL for (int v = 0; v < VECTORS; v++)                        \
                    NAME(add_pair)(&first[r][v], &second[r][v], &weight[v], x[r * pitch + word]);                      \
            }                                                                                                          \
            UNROLL for (int r = 0; r < count; r++)                                                                     \
                UNROLL for (int v = 0; v < VECTORS; v++) s[r][v] += first[r][v] + second[r][v];                        \
        }                                                                                                              \
        memcpy(sums, s, sizeof s);                                                                                     \
    } while (0)

/// Adds the products of one word of brain floats to a sum for each of its halves.
TARGET INLINE void NAME(add_pair)(lanes *first, lanes *second, const bit_lanes *weight, uint32_t input) {
    const bit_lanes x = (bit_lanes){0} + input;
    const lanes w2 = (lanes)(*weight & 0xFFFF0000u), w1 = (lanes)(*weight << 16);
    const lanes x2 = (lanes)(x & 0xFFFF0000u), x1 = (lanes)(x << 16);
#if SET_FUSED
    *first = __builtin_elementwise_fma(w1, x1, *first);
    *second = __builtin_elementwise_fma(w2, x2, *second);
#else
    *first = w1 * x1 + *first;
    *second = w2 * x2 + *second;
#endif
}

TARGET static void NAME(sub_tile_steps)(const uint32_t *x, ptrdiff_t pitch, const uint32_t *w, ptrdiff_t words,
                                        int count, lanes *sums) {
    enum { TOGETHER = SUB_ROWS < 4 ? SUB_ROWS : 4 };
    for (; count >= TOGETHER; count -= TOGETHER, x += TOGETHER * pitch, sums += TOGETHER * VECTORS) STEP_TILE(TOGETHER);
    for (; count > 0; count--, x += pitch, sums += VECTORS) STEP_TILE(1);
}

/// What sums are kept in: of brain floats, or of bytes.
typedef union NAME(sums) {
    lanes sums[VECTORS];
    word_lanes counts[VECTORS];
} NAME(sums);

/// Writes the results of one row and the first `width` outputs of a panel.
TARGET INLINE void NAME(finish)(const medmoe_packed_matrix *matrix, const medmoe_packed_rows *rows, ptrdiff_t row,
                                ptrdiff_t output, ptrdiff_t width, const NAME(sums) *sums, float *to) {
    lanes result[VECTORS];
    memcpy(result, sums, sizeof result);
    if (matrix->kind == MEDMOE_PACKED_INT8) {
        const float scale = rows->scales[row];
        for (int v = 0; v < VECTORS; v++) {
            word_lanes shift;
            lanes weight_scale;
            memcpy(&shift, matrix->shifts + output + v * LANES, sizeof shift);
            memcpy(&weight_scale, matrix->scales + output + v * LANES, sizeof weight_scale);
            result[v] = __builtin_convertvector(sums->counts[v] - shift, lanes) * weight_scale * scale;
        }
    }
    if (matrix->bias) {
        for (int v = 0; v < VECTORS; v++) {
            lanes bias;
            memcpy(&bias, matrix->bias + output + v * LANES, sizeof bias);
            result[v] += bias;
        }
    }
    if (width == PANEL) memcpy(to, result, sizeof result);
    else memcpy(to, result, (size_t)width * sizeof *to);
}

/// Panels `first` to `end` of a matrix by all rows.
TARGET static void NAME(run)(const medmoe_packed_matrix *matrix, const medmoe_packed_rows *rows, ptrdiff_t first,
                             ptrdiff_t end, float *y, ptrdiff_t stride) {
    const medmoe_packed_kind kind = matrix->kind;
    const ptrdiff_t words = words_of(kind, matrix->inputs), pitch = pitch_of(words);
    for (ptrdiff_t panel = first; panel < end; panel++) {
        const ptrdiff_t o = panel * PANEL;
        const ptrdiff_t width = matrix->outputs - o < PANEL ? matrix->outputs - o : PANEL;
        const uint32_t *w = (const uint32_t *)matrix->panels + o * words;
        for (ptrdiff_t row = 0; row < rows->rows; row += TILE) {
            const ptrdiff_t tile_rows = rows->rows - row < TILE ? rows->rows - row : TILE;
            const uint32_t *x = (const uint32_t *)rows->packed + row * pitch;
            for (ptrdiff_t sub = 0; sub < tile_rows; sub += SUB_ROWS) {
                const int count = (int)(tile_rows - sub < SUB_ROWS ? tile_rows - sub : SUB_ROWS);
                NAME(sums) result[SUB_ROWS];
                const uint32_t *from = x + sub * pitch;
                switch (kind) {
                case MEDMOE_PACKED_BF16_PAIRS: NAME(sub_tile_bf16)(from, pitch, w, words, count, result[0].sums); break;
                case MEDMOE_PACKED_BF16_TILES: NAME(sub_tile_steps)(from, pitch, w, words, count, result[0].sums); break;
                case MEDMOE_PACKED_INT8: NAME(sub_tile_int8)(from, pitch, w, words, count, result[0].counts); break;
                }
                for (int r = 0; r < count; r++)
                    NAME(finish)(matrix, rows, row + sub + r, o, width, &result[r],
                                 y + (row + sub + r) * stride + (panel - first) * PANEL);
            }
        }
    }
}

/// The largest magnitude of a row; infinite or not a number when one of its numbers is.
TARGET INLINE float NAME(magnitude)(const float *x, ptrdiff_t count) {
    bit_lanes most = {0};
    ptrdiff_t k = 0;
    for (; k + LANES <= count; k += LANES) {
        bit_lanes bits;
        memcpy(&bits, x + k, sizeof bits);
        bits &= 0x7FFFFFFF;
        most = __builtin_elementwise_max(most, bits);
    }
    uint32_t best = 0;
    for (int i = 0; i < LANES; i++) best = most[i] > best ? most[i] : best;
    for (; k < count; k++) {
        uint32_t bits;
        memcpy(&bits, x + k, sizeof bits);
        bits &= 0x7FFFFFFF;
        best = bits > best ? bits : best;
    }
    float value;
    memcpy(&value, &best, sizeof value);
    return value;
}

/// Rounds 16 numbers to brain floats in the upper halves of their bits, to nearest and ties to even.
TARGET INLINE bit_lanes NAME(brains)(bit_lanes bits) {
    const bit_lanes rounded = (bits + 0x7FFF + (bits >> 16 & 1));
    const bit_lanes is_nan = (bit_lanes)((bits & 0x7FFFFFFF) > 0x7F800000);
    return (is_nan & (bits | 0x400000)) | (~is_nan & rounded);
}

TARGET static void NAME(pack_rows)(const medmoe_packed_rows *rows, const float *x, ptrdiff_t first, ptrdiff_t end) {
    const ptrdiff_t inputs = rows->inputs, words = words_of(rows->kind, inputs), pitch = pitch_of(words);
    for (ptrdiff_t row = first * TILE; row < rows->rows && row < end * TILE; row++) {
        uint32_t *to = (uint32_t *)rows->packed + row * pitch;
        const float *from = x + (rows->sources ? rows->sources[row] : row) * inputs;
        float padded[LANES];
        // Whole steps, zeros behind the numbers: what they are multiplied by may not spoil a sum.
        if (words > 0) memset(to + words - STEP, 0, STEP * sizeof *to);
        if (rows->kind != MEDMOE_PACKED_INT8) {
            for (ptrdiff_t k = 0; k < inputs; k += LANES) {
                const float *numbers = from + k;
                if (inputs - k < LANES) {
                    memset(padded, 0, sizeof padded);
                    memcpy(padded, numbers, (size_t)(inputs - k) * sizeof *padded);
                    numbers = padded;
                }
                bit_lanes bits;
                memcpy(&bits, numbers, sizeof bits);
                const short_lanes brains = __builtin_convertvector(NAME(brains)(bits) >> 16, short_lanes);
                memcpy(to + k / 2, &brains, sizeof brains);
            }
        } else {
            const float most = NAME(magnitude)(from, inputs);
            // Numbers that are none spoil the scale and with it the row's results.
            rows->scales[row] = most / 127.0f;
            const float factor = most > 0 && most < INFINITY ? 127.0f / most : 0;
            for (ptrdiff_t k = 0; k < inputs; k += LANES) {
                const float *numbers = from + k;
                if (inputs - k < LANES) {
                    memset(padded, 0, sizeof padded);
                    memcpy(padded, numbers, (size_t)(inputs - k) * sizeof *padded);
                    numbers = padded;
                }
                lanes v;
                memcpy(&v, numbers, sizeof v);
                // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number; 128 moves it off the sign.
                const bit_lanes bits = (bit_lanes)(v * factor + 12582912.0f) - 0x4B400000u + 128u;
                const byte_lanes bytes = __builtin_convertvector(bits, byte_lanes);
                memcpy(to + k / 4, &bytes, sizeof bytes);
            }
        }
    }
}

#undef SUB_TILE
#undef SUB_TILES
#undef SUB_CASE
#undef SUB_CASES
#undef STEP_TILE
