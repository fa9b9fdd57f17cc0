// The tiles of one instruction set; linear_kernels.c includes this file once for each.
//
// The including file defines NAME_(x), which gives a symbol its suffix; TARGET, the attribute of the instruction set;
// ROWS and OUTPUTS, the sums that its registers hold; FUSED, whether a product is added in one rounding; HALVES,
// whether the instruction set widens halves.

TARGET INLINE void NAME(widen_f32)(const void *from, lanes *to) { memcpy(to, from, sizeof *to); }

TARGET INLINE void NAME(widen_bf16)(const void *from, lanes *to) {
    short_lanes bits;
    memcpy(&bits, from, sizeof bits);
    *to = (lanes)(__builtin_convertvector(bits, bit_lanes) << 16);
}

TARGET INLINE void NAME(widen_f16)(const void *from, lanes *to) {
#if HALVES
    half_lanes halves;
    memcpy(&halves, from, sizeof halves);
    *to = __builtin_convertvector(halves, lanes);
#else
    short_lanes raw;
    memcpy(&raw, from, sizeof raw);
    bit_lanes bits = __builtin_convertvector(raw, bit_lanes);
    bit_lanes moved = (bits & 0x7FFF) << 13;
    // Where the bits are now the exponent is too small by 112; the product puts that right, subnormals included.
    bit_lanes magnitude = (bit_lanes)((lanes)moved * 0x1p112f);
    bit_lanes special = (bit_lanes)(moved >= 0x0F800000u) & 0x7F800000u;
    *to = (lanes)(magnitude | special | (bits & 0x8000) << 16);
#endif
}

/// Lane sums of ROWS x OUTPUTS products over `steps` steps, from packed inputs and packed weights, added to `sums`.
TARGET static void NAME(packed_tile)(const float *x, const float *w, ptrdiff_t steps, lanes *sums) {
    lanes s[ROWS * OUTPUTS];
    UNROLL for (int i = 0; i < ROWS * OUTPUTS; i++) s[i] = sums[i];
    for (ptrdiff_t step = 0; step < steps; step++) {
        lanes inputs[ROWS];
        UNROLL for (int r = 0; r < ROWS; r++) NAME(widen_f32)(x + (step * ROWS + r) * LANES, &inputs[r]);
        UNROLL for (int o = 0; o < OUTPUTS; o++) {
            lanes weight;
            NAME(widen_f32)(w + (step * OUTPUTS + o) * LANES, &weight);
            UNROLL for (int r = 0; r < ROWS; r++)
                s[r * OUTPUTS + o] = ADD_PRODUCT(inputs[r], weight, s[r * OUTPUTS + o]);
        }
    }
    UNROLL for (int i = 0; i < ROWS * OUTPUTS; i++) sums[i] = s[i];
}

#define KIND f32
#define BYTES 4
#include "linear_kind.h"
#define KIND bf16
#define BYTES 2
#include "linear_kind.h"
#define KIND f16
#define BYTES 2
#include "linear_kind.h"

/// Computes outputs `first` to `end` of a job.
TARGET static void NAME(run)(const medmoe_linear *job, ptrdiff_t first, ptrdiff_t end) {
    const int pack = job->packed != NULL;
    switch (job->kind) {
    case MEDMOE_WEIGHTS_F32: pack ? NAME(packed_f32)(job, first, end) : NAME(rows_f32)(job, first, end); break;
    case MEDMOE_WEIGHTS_BF16: pack ? NAME(packed_bf16)(job, first, end) : NAME(rows_bf16)(job, first, end); break;
    case MEDMOE_WEIGHTS_F16: pack ? NAME(packed_f16)(job, first, end) : NAME(rows_f16)(job, first, end); break;
    }
}

/// Widens `count` numbers.
TARGET static void NAME(widen)(const void *from, medmoe_weight_kind kind, ptrdiff_t count, float *to) {
    switch (kind) {
    case MEDMOE_WEIGHTS_F32: NAME(widen_all_f32)(from, count, to); break;
    case MEDMOE_WEIGHTS_BF16: NAME(widen_all_bf16)(from, count, to); break;
    case MEDMOE_WEIGHTS_F16: NAME(widen_all_f16)(from, count, to); break;
    }
}

/// Lays rows out tile by tile, ROWS next to each other for each step; rows and numbers past the end are zero.
static void NAME(pack)(const medmoe_linear *job, float *packed, ptrdiff_t first, ptrdiff_t end) {
    const ptrdiff_t steps = (job->inputs + LANES - 1) / LANES;
    for (ptrdiff_t tile = first; tile < end; tile++) {
        for (ptrdiff_t step = 0; step < steps; step++) {
            for (ptrdiff_t r = 0; r < ROWS; r++) {
                const ptrdiff_t row = tile * ROWS + r, k = step * LANES;
                const ptrdiff_t count = job->inputs - k < LANES ? job->inputs - k : LANES;
                float *to = packed + ((tile * steps + step) * ROWS + r) * LANES;
                if (row >= job->rows || count < LANES) memset(to, 0, LANES * sizeof *to);
                if (row < job->rows) memcpy(to, job->x + row * job->inputs + k, (size_t)count * sizeof *to);
            }
        }
    }
}
