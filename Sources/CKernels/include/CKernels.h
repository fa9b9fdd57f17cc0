// Row kernels in C: every function walks its inner dimension in one fixed order, so a row's result never depends on
// the other rows of a call, on the thread count or on the process it runs in.
#ifndef MEDMOE_CKERNELS_H
#define MEDMOE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// --- Threads -----------------------------------------------------------------------------------------------------

typedef struct medmoe_thread_pool medmoe_thread_pool;
typedef void (*medmoe_task)(void *context, ptrdiff_t index);

/// A pool of `threads` threads in all, the caller of `run` being one of them; NULL when threads cannot be made.
medmoe_thread_pool *_Nullable medmoe_thread_pool_create(int threads);
/// Ends and joins the pool's threads. No `run` may be under way.
void medmoe_thread_pool_destroy(medmoe_thread_pool *pool);
/// Calls `task(context, i)` once for each i in 0..<count, on the pool's threads and the caller's, and returns when all
/// are done. One caller at a time.
void medmoe_thread_pool_run(medmoe_thread_pool *pool, ptrdiff_t count, medmoe_task task, void *context);

// --- Rows --------------------------------------------------------------------------------------------------------

/// Sum of a[i] * b[i].
float medmoe_dot_f32(const float *a, const float *b, ptrdiff_t count);
/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias, sums in double precision.
void medmoe_layer_norm_f32(const float *x, const float *weight, const float *bias, ptrdiff_t count, float epsilon,
                           float *y);
/// In place: x[i] = exp(x[i] - max) / sum.
void medmoe_softmax_f32(float *x, ptrdiff_t count);
/// y[i] += a * x[i].
void medmoe_axpy_f32(float a, const float *x, float *y, ptrdiff_t count);
/// y[i] = silu(gate[i]) * up[i].
void medmoe_silu_multiply_f32(const float *gate, const float *up, float *y, ptrdiff_t count);
/// In place: x * sigmoid(1.702 x), CLIP's quick_gelu.
void medmoe_quick_gelu_f32(float *x, ptrdiff_t count);
/// In place: the exact GELU, x * 0.5 * (1 + erf(x / sqrt(2))).
void medmoe_gelu_f32(float *x, ptrdiff_t count);
/// In place on one head: rotates the pairs (i, i + dimensions / 2) by the given cosines and sines (half-split form).
void medmoe_rotate_f32(float *head, const float *cosines, const float *sines, ptrdiff_t dimensions);
/// Attention of one query head over `positions` keys and values that lie `stride` floats apart.
/// `scores` is scratch of `positions` floats; `output` has `head_size`.
void medmoe_attend_f32(const float *query, const float *keys, const float *values, ptrdiff_t positions,
                       ptrdiff_t head_size, ptrdiff_t stride, float scale, float *scores, float *output);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
