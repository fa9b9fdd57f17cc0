#include "CKernels.h"
#include "exponential.h"
#include "lanes.h"

#include <math.h>
#include <string.h>

// Two roundings everywhere: fused where the CPU can, the bits would depend on the architecture.
#pragma STDC FP_CONTRACT OFF

/// Sums in double precision: as many as lanes, which walk a row side by side.
typedef double wide_lanes __attribute__((vector_size(128), aligned(8)));

/// The sum of the lanes, in one fixed order.
INLINE double sum_of_wide_lanes(const wide_lanes *sums) {
    double v[LANES];
    memcpy(v, sums, sizeof v);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) v[i] += v[i + width];
    return v[0];
}

/// The first `count` numbers, fewer than there are lanes, and zeros after them.
INLINE void load_some(const float *from, ptrdiff_t count, lanes *to) {
    float padded[LANES] = {0};
    memcpy(padded, from, (size_t)count * sizeof *from);
    memcpy(to, padded, sizeof padded);
}

/// In place: x / (1 + exp(-x)).
INLINE void silu_of(lanes *x) {
    lanes e = -*x;
    exponential_of(&e);
    *x /= 1.0f + e;
}

INLINE void quick_gelu_of(lanes *x) {
    lanes e = -1.702f * *x;
    exponential_of(&e);
    *x /= 1.0f + e;
}

INLINE void gelu_tanh_of(lanes *x) {
    // 0.5 (1 + tanh u) = 1 / (1 + exp(-2 u)), which needs no tanh.
    const lanes v = *x, u = 0.79788456080286536f * (v + 0.044715f * v * v * v);
    lanes e = -2.0f * u;
    exponential_of(&e);
    *x = v / (1.0f + e);
}

#if defined(__x86_64__)

#define NAME_(x) x##_avx512
#define TARGET TARGET_AVX512
#include "row_tile.h"
#undef NAME_
#undef TARGET

#define NAME_(x) x##_avx2
#define TARGET TARGET_AVX2
#include "row_tile.h"
#undef NAME_
#undef TARGET

#endif

#define NAME_(x) x##_baseline
#define TARGET
#include "row_tile.h"

/// Calls the kernel of the best instruction set.
#if defined(__x86_64__)
#define BEST(kernel, ...)                                                                                              \
    do {                                                                                                               \
        switch (medmoe_best_instructions()) {                                                                          \
        case MEDMOE_INSTRUCTIONS_AMX:                                                                                  \
        case MEDMOE_INSTRUCTIONS_AVX512_DOT:                                                                           \
        case MEDMOE_INSTRUCTIONS_AVX512: kernel##_avx512(__VA_ARGS__); break;                                          \
        case MEDMOE_INSTRUCTIONS_AVX2: kernel##_avx2(__VA_ARGS__); break;                                              \
        default: kernel##_baseline(__VA_ARGS__);                                                                       \
        }                                                                                                              \
    } while (0)
#else
#define BEST(kernel, ...) kernel##_baseline(__VA_ARGS__)
#endif

void medmoe_layer_norm_f32(const float *x, const float *weight, const float *bias, ptrdiff_t count, float epsilon,
                           float *y) {
    BEST(layer_norm, x, weight, bias, count, epsilon, y);
}

void medmoe_softmax_f32(float *x, ptrdiff_t count) {
    if (count <= 0) return;
    float most = x[0];
    for (ptrdiff_t i = 1; i < count; i++) most = x[i] > most ? x[i] : most;
    for (ptrdiff_t i = 0; i < count; i++) x[i] -= most;
    BEST(exponential, x, count);
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i];
    float scale = (float)(1.0 / sum);
    for (ptrdiff_t i = 0; i < count; i++) x[i] *= scale;
}

void medmoe_axpy_f32(float a, const float *x, float *y, ptrdiff_t count) {
    BEST(axpy, a, x, y, count);
}

void medmoe_silu_multiply_f32(const float *gate, const float *up, float *y, ptrdiff_t count) {
    BEST(silu_multiply, gate, up, y, count);
}

void medmoe_quick_gelu_f32(float *x, ptrdiff_t count) {
    BEST(quick_gelu, x, count);
}

void medmoe_gelu_f32(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
}

void medmoe_gelu_tanh_f32(float *x, ptrdiff_t count) {
    BEST(gelu_tanh, x, count);
}

void medmoe_rotate_f32(float *head, const float *cosines, const float *sines, ptrdiff_t dimensions) {
    ptrdiff_t half = dimensions / 2;
    for (ptrdiff_t i = 0; i < half; i++) {
        float a = head[i], b = head[i + half];
        head[i] = a * cosines[i] - b * sines[i];
        head[i + half] = b * cosines[i] + a * sines[i];
    }
}
