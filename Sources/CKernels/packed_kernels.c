#include "CKernels.h"
#include "amx_tiles.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// `y = x Wᵀ + b` with weights packed for the kernels and inputs rounded to the same kind of number: brain floats summed
// in float32, or 8-bit integers summed exactly.
//
// A panel holds 32 outputs; for each word of inputs (two brain floats, or four bytes) it has one word of each output.
// Rows lie one after another, their words in order; a tile is up to 12 of them, or 16 where the CPU multiplies tiles. A
// kernel broadcasts a row's word to all lanes and adds its products, so every result is summed along k in one fixed order,
// in its own lane: its bits depend on its row and its output alone, whatever else the call holds.
//
// Brain floats are summed in one of two orders, each that of an instruction; other instruction sets do the same with
// multiply-adds in one rounding (a product of two brain floats is exact in float32), so all agree where no number and no
// sum is subnormal, which those instructions flush. `vdpbf16ps` adds the product of a pair's second numbers first and then
// that of the first ones, pair after pair. `tdpbf16ps` takes steps of 16 pairs: one sum of the products of the first
// numbers, one of those of the second, both from zero; they are added, and then to the sum of the steps before.

enum {
    PANEL = MEDMOE_PANEL_OUTPUTS,
    TILE = MEDMOE_TILE_ROWS,
    LANES = 16,
    VECTORS = PANEL / LANES,
    /// Words that a product of tiles takes at once; rows and panels are filled up with zeros to whole steps.
    STEP = 16,
    /// How far ahead of the sums weights are asked for.
    PREFETCH_WORDS = PANEL * 32,
};

typedef float lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t word_lanes __attribute__((vector_size(64), aligned(4)));
typedef uint32_t bit_lanes __attribute__((vector_size(64), aligned(4)));
typedef uint16_t short_lanes __attribute__((vector_size(32), aligned(4)));
typedef uint8_t byte_lanes __attribute__((vector_size(16), aligned(4)));

// Two roundings where it says so: fused only where it is asked for, the bits are those of every instruction set.
#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

/// Words from one row to the next: whole vectors, and never a multiple of 4 KiB, or the rows of a tile would fight for
/// one place in the first-level cache.
static ptrdiff_t pitch_of(ptrdiff_t words) { return (words + STEP) | STEP; }

static ptrdiff_t words_of(medmoe_packed_kind kind, ptrdiff_t inputs) {
    const ptrdiff_t numbers = kind == MEDMOE_PACKED_INT8 ? 4 : 2;
    return (inputs + numbers * STEP - 1) / (numbers * STEP) * STEP;
}

#define NAME(x) NAME_(x)

#if defined(__x86_64__)

#define NAME_(x) x##_avx512_dot
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,avx2,fma,f16c")))
#define SET_DOT 1
#define SET_FUSED 1
#define SUB_ROWS 12
#include "packed_tile.h"
#undef NAME_
#undef TARGET
#undef SET_DOT
#undef SUB_ROWS

#include "packed_amx.h"

#define NAME_(x) x##_avx512
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#define SET_DOT 0
#define SET_MADD 512
#define SUB_ROWS 6
#include "packed_tile.h"
#undef NAME_
#undef TARGET
#undef SET_MADD
#undef SUB_ROWS

#define NAME_(x) x##_avx2
#define TARGET __attribute__((target("avx2,fma,f16c")))
#define SET_MADD 256
#define SUB_ROWS 2
#include "packed_tile.h"
#undef NAME_
#undef TARGET
#undef SET_MADD
#undef SUB_ROWS
#undef SET_FUSED

#endif

#if defined(__aarch64__)
#define SET_FUSED 1
#else
#define SET_FUSED 0
#endif
#undef SET_DOT
#define SET_DOT 0
#define SET_MADD 0
#define NAME_(x) x##_baseline
#define TARGET
#define SUB_ROWS 1
#include "packed_tile.h"

// --- The choice of an instruction set --------------------------------------------------------------------------------

void medmoe_packed_run(const medmoe_packed_matrix *matrix, const medmoe_packed_rows *rows, ptrdiff_t first_panel,
                       ptrdiff_t end_panel, float *y, ptrdiff_t stride, medmoe_instructions instructions) {
    switch (instructions) {
#if defined(__x86_64__)
    case MEDMOE_INSTRUCTIONS_AMX: return run_amx(matrix, rows, first_panel, end_panel, y, stride);
    case MEDMOE_INSTRUCTIONS_AVX512_DOT: return run_avx512_dot(matrix, rows, first_panel, end_panel, y, stride);
    case MEDMOE_INSTRUCTIONS_AVX512: return run_avx512(matrix, rows, first_panel, end_panel, y, stride);
    case MEDMOE_INSTRUCTIONS_AVX2: return run_avx2(matrix, rows, first_panel, end_panel, y, stride);
#endif
    default: return run_baseline(matrix, rows, first_panel, end_panel, y, stride);
    }
}

void medmoe_pack_rows(const medmoe_packed_rows *rows, const float *x, ptrdiff_t first_tile, ptrdiff_t end_tile,
                      medmoe_instructions instructions) {
    switch (instructions) {
#if defined(__x86_64__)
    case MEDMOE_INSTRUCTIONS_AMX:
    case MEDMOE_INSTRUCTIONS_AVX512_DOT: return pack_rows_avx512_dot(rows, x, first_tile, end_tile);
    case MEDMOE_INSTRUCTIONS_AVX512: return pack_rows_avx512(rows, x, first_tile, end_tile);
    case MEDMOE_INSTRUCTIONS_AVX2: return pack_rows_avx2(rows, x, first_tile, end_tile);
#endif
    default: return pack_rows_baseline(rows, x, first_tile, end_tile);
    }
}

// --- Layout ----------------------------------------------------------------------------------------------------------

ptrdiff_t medmoe_panel_bytes(medmoe_packed_kind kind, ptrdiff_t inputs) { return words_of(kind, inputs) * PANEL * 4; }

ptrdiff_t medmoe_packed_row_bytes(medmoe_packed_kind kind, ptrdiff_t inputs) {
    return pitch_of(words_of(kind, inputs)) * 4;
}

static uint16_t brain_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void medmoe_pack_panel_bf16(const float *weights, ptrdiff_t outputs, ptrdiff_t inputs, void *panel) {
    uint32_t *to = panel;
    const ptrdiff_t words = words_of(MEDMOE_PACKED_BF16_PAIRS, inputs);
    for (ptrdiff_t word = 0; word < words; word++) {
        for (ptrdiff_t o = 0; o < PANEL; o++) {
            const float *pair = weights + o * inputs + 2 * word;
            const uint32_t first = o < outputs && 2 * word < inputs ? brain_of(pair[0]) : 0;
            const uint32_t second = o < outputs && 2 * word + 1 < inputs ? brain_of(pair[1]) : 0;
            to[word * PANEL + o] = first | second << 16;
        }
    }
}

void medmoe_pack_panel_int8(const int8_t *weights, ptrdiff_t outputs, ptrdiff_t inputs, void *panel, int32_t *sums) {
    int8_t *to = panel;
    memset(to, 0, (size_t)medmoe_panel_bytes(MEDMOE_PACKED_INT8, inputs));
    for (ptrdiff_t o = 0; o < outputs; o++) {
        int32_t sum = 0;
        for (ptrdiff_t k = 0; k < inputs; k++) {
            const int8_t weight = weights[o * inputs + k];
            to[(k / 4 * PANEL + o) * 4 + k % 4] = weight;
            sum += weight;
        }
        sums[o] = sum * 128;
    }
}

float medmoe_quantize_row(const float *weights, ptrdiff_t count, int8_t *to) {
    float most = 0;
    // A weight that is no number has to be seen in every result, as it is in other numbers.
    for (ptrdiff_t k = 0; k < count; k++)
        most = fabsf(weights[k]) > most || weights[k] != weights[k] ? fabsf(weights[k]) : most;
    const float scale = most / 127.0f, factor = most > 0 ? 127.0f / most : 0;
    for (ptrdiff_t k = 0; k < count; k++) {
        const float rounded = rintf(weights[k] * factor);
        to[k] = (int8_t)(rounded > 127 ? 127 : rounded < -127 ? -127 : rounded == rounded ? rounded : 0);
    }
    return scale;
}
