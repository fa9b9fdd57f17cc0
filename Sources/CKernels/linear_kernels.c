#include "CKernels.h"
#include "lanes.h"

#include <string.h>

// `y = x Wᵀ + b` with weights as they are stored. Every product of a row and an output has 16 running sums, one for
// each place within a step of 16 numbers, that walk k from the front; at the end they are added up in one fixed order.
// A tile of rows and outputs only shares what it loads. So the bits of a result depend on its row and its output alone:
// not on the other rows, the tile, the thread, or, where the CPU adds a product in one rounding, the instruction set.

enum {
    /// Rows for which a chunk of weights is widened once; their running sums stay in the second-level cache.
    BLOCK_ROWS = 64,
    /// Steps in a chunk: a chunk of widened weights stays in the first-level cache.
    CHUNK_STEPS = 32,
    /// From this number of rows on, inputs are packed and weights widened once a block.
    PACKED_FROM_ROWS = 8,
};

typedef uint16_t short_lanes __attribute__((vector_size(32), aligned(2)));
typedef _Float16 half_lanes __attribute__((vector_size(32), aligned(2)));

INLINE float finish(const medmoe_linear *job, ptrdiff_t output, const lanes *sums) {
    return sum_of_lanes(sums) + (job->bias ? job->bias[output] : 0.0f);
}

#if defined(__x86_64__)

#define FUSED 1
#define HALVES 1

#define NAME_(x) x##_avx512
#define TARGET TARGET_AVX512
#define ROWS 4
#define OUTPUTS 6
#include "linear_tile.h"
enum { ROWS_avx512 = ROWS };
#undef NAME_
#undef TARGET
#undef ROWS
#undef OUTPUTS

#define NAME_(x) x##_avx2
#define TARGET TARGET_AVX2
#define ROWS 2
#define OUTPUTS 3
#include "linear_tile.h"
enum { ROWS_avx2 = ROWS };
#undef NAME_
#undef TARGET
#undef ROWS
#undef OUTPUTS

#undef FUSED
#undef HALVES

#endif

// Every CPU: 64-bit ARM fuses and widens halves in its baseline, x86-64 does neither.
#if defined(__aarch64__)
#define FUSED 1
#define HALVES 1
#define ROWS 2
#define OUTPUTS 2
#else
#define FUSED 0
#define HALVES 0
#define ROWS 1
#define OUTPUTS 2
#endif
#define NAME_(x) x##_baseline
#define TARGET
#include "linear_tile.h"

static const int baseline_fuses = FUSED;
static const ptrdiff_t baseline_rows = ROWS;

int medmoe_instructions_fuse(medmoe_instructions instructions) {
    return instructions == MEDMOE_INSTRUCTIONS_BASELINE ? baseline_fuses : 1;
}

static ptrdiff_t tile_rows(medmoe_instructions instructions) {
#if defined(__x86_64__)
    if (instructions >= MEDMOE_INSTRUCTIONS_AVX512) return ROWS_avx512;
    if (instructions == MEDMOE_INSTRUCTIONS_AVX2) return ROWS_avx2;
#endif
    (void)instructions;
    return baseline_rows;
}

ptrdiff_t medmoe_linear_tiles(ptrdiff_t rows, medmoe_instructions instructions) {
    const ptrdiff_t size = tile_rows(instructions);
    return rows < PACKED_FROM_ROWS ? 0 : (rows + size - 1) / size;
}

ptrdiff_t medmoe_linear_tile_floats(ptrdiff_t inputs, medmoe_instructions instructions) {
    return (inputs + LANES - 1) / LANES * LANES * tile_rows(instructions);
}

void medmoe_linear_pack(const medmoe_linear *job, float *packed, ptrdiff_t first_tile, ptrdiff_t end_tile,
                        medmoe_instructions instructions) {
#if defined(__x86_64__)
    if (instructions >= MEDMOE_INSTRUCTIONS_AVX512) return pack_avx512(job, packed, first_tile, end_tile);
    if (instructions == MEDMOE_INSTRUCTIONS_AVX2) return pack_avx2(job, packed, first_tile, end_tile);
#endif
    (void)instructions;
    pack_baseline(job, packed, first_tile, end_tile);
}

void medmoe_linear_run(const medmoe_linear *job, ptrdiff_t first_output, ptrdiff_t end_output,
                       medmoe_instructions instructions) {
#if defined(__x86_64__)
    if (instructions >= MEDMOE_INSTRUCTIONS_AVX512) return run_avx512(job, first_output, end_output);
    if (instructions == MEDMOE_INSTRUCTIONS_AVX2) return run_avx2(job, first_output, end_output);
#endif
    (void)instructions;
    run_baseline(job, first_output, end_output);
}

void medmoe_widen(const void *from, medmoe_weight_kind kind, ptrdiff_t count, float *to) {
    switch (medmoe_best_instructions()) {
#if defined(__x86_64__)
    case MEDMOE_INSTRUCTIONS_AMX:
    case MEDMOE_INSTRUCTIONS_AVX512_DOT:
    case MEDMOE_INSTRUCTIONS_AVX512: return widen_avx512(from, kind, count, to);
    case MEDMOE_INSTRUCTIONS_AVX2: return widen_avx2(from, kind, count, to);
#endif
    default: return widen_baseline(from, kind, count, to);
    }
}
