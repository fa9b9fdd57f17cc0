#include "CKernels.h"

#include <math.h>
#include <string.h>

// Two roundings everywhere: fused where the CPU can, the bits would depend on the architecture.
#pragma STDC FP_CONTRACT OFF

// Four lanes, which every target has; several sums side by side hide the latency of an addition.
typedef float lanes __attribute__((vector_size(16), aligned(4)));

static inline lanes load(const float *p) {
    lanes v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline float sum_of(lanes v) {
    return (v[0] + v[2]) + (v[1] + v[3]);
}

/// exp(x) for finite x, relative error below 2e-7: range reduction by ln 2 in two parts and a polynomial of degree 6
/// (Cody and Waite). Our own, so that the bits do not depend on the C library's choice of code path.
static inline float exponential(float x) {
    const float upper = 88.3762626647949f, lower = -87.3365478515625f;
    x = x > upper ? upper : x;
    x = x < lower ? lower : x;
    // Adding and taking away 1.5 * 2^23 rounds to the nearest whole number.
    const float rounding = 12582912.0f;
    float n = (x * 1.44269504088896341f + rounding) - rounding;
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    float y = p * r * r + r + 1.0f;
    int32_t bits = ((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return y * scale;
}

float medmoe_dot_f32(const float *a, const float *b, ptrdiff_t count) {
    lanes s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16) {
        s0 += load(a + i) * load(b + i);
        s1 += load(a + i + 4) * load(b + i + 4);
        s2 += load(a + i + 8) * load(b + i + 8);
        s3 += load(a + i + 12) * load(b + i + 12);
    }
    for (; i + 4 <= count; i += 4) s0 += load(a + i) * load(b + i);
    float rest = 0;
    for (; i < count; i++) rest += a[i] * b[i];
    return sum_of((s0 + s1) + (s2 + s3)) + rest;
}

void medmoe_layer_norm_f32(const float *x, const float *weight, const float *bias, ptrdiff_t count, float epsilon,
                           float *y) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i];
    double mean = sum / (double)count;
    double squares = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        double d = x[i] - mean;
        squares += d * d;
    }
    float centre = (float)mean;
    float scale = (float)(1.0 / sqrt(squares / (double)count + epsilon));
    for (ptrdiff_t i = 0; i < count; i++) y[i] = (x[i] - centre) * scale * weight[i] + bias[i];
}

void medmoe_softmax_f32(float *x, ptrdiff_t count) {
    if (count <= 0) return;
    float most = x[0];
    for (ptrdiff_t i = 1; i < count; i++) most = x[i] > most ? x[i] : most;
    for (ptrdiff_t i = 0; i < count; i++) x[i] = exponential(x[i] - most);
    double sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += x[i];
    float scale = (float)(1.0 / sum);
    for (ptrdiff_t i = 0; i < count; i++) x[i] *= scale;
}

void medmoe_axpy_f32(float a, const float *x, float *y, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] += a * x[i];
}

void medmoe_silu_multiply_f32(const float *gate, const float *up, float *y, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) y[i] = gate[i] / (1.0f + exponential(-gate[i])) * up[i];
}

void medmoe_quick_gelu_f32(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) x[i] = x[i] / (1.0f + exponential(-1.702f * x[i]));
}

void medmoe_gelu_f32(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) x[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678118654752f));
}

void medmoe_gelu_tanh_f32(float *x, ptrdiff_t count) {
    for (ptrdiff_t i = 0; i < count; i++) {
        // 0.5 (1 + tanh u) = 1 / (1 + exp(-2 u)), which needs no tanh.
        float u = 0.79788456080286536f * (x[i] + 0.044715f * x[i] * x[i] * x[i]);
        x[i] = x[i] / (1.0f + exponential(-2.0f * u));
    }
}

void medmoe_rotate_f32(float *head, const float *cosines, const float *sines, ptrdiff_t dimensions) {
    ptrdiff_t half = dimensions / 2;
    for (ptrdiff_t i = 0; i < half; i++) {
        float a = head[i], b = head[i + half];
        head[i] = a * cosines[i] - b * sines[i];
        head[i + half] = b * cosines[i] + a * sines[i];
    }
}

void medmoe_attend_f32(const float *query, const float *keys, const float *values, ptrdiff_t positions,
                       ptrdiff_t head_size, ptrdiff_t stride, float scale, float *scores, float *output) {
    for (ptrdiff_t p = 0; p < positions; p++) scores[p] = medmoe_dot_f32(query, keys + p * stride, head_size) * scale;
    medmoe_softmax_f32(scores, positions);
    memset(output, 0, (size_t)head_size * sizeof *output);
    for (ptrdiff_t p = 0; p < positions; p++) medmoe_axpy_f32(scores[p], values + p * stride, output, head_size);
}
