// The vectors that every kernel is written in, whatever the width of the instruction set's own, and what the files for
// one instruction set share.
#ifndef MEDMOE_LANES_H
#define MEDMOE_LANES_H

#include <stdint.h>
#include <string.h>

enum {
    /// Numbers in a vector.
    LANES = 16,
};

typedef float lanes __attribute__((vector_size(64), aligned(4)));
typedef float lanes_aligned __attribute__((vector_size(64)));
typedef uint32_t bit_lanes __attribute__((vector_size(64), aligned(4)));
typedef int32_t whole_lanes __attribute__((vector_size(64), aligned(4)));

// Vectors wider than the baseline's are passed between inlined functions of one instruction set only.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

/// A symbol of one instruction set: the including file defines NAME_(x), which gives it its suffix.
#define NAME(x) NAME_(x)

#if defined(__x86_64__)
#define TARGET_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#define TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#endif

/// a * b + c in one rounding where FUSED is 1, in two where it is 0.
#define ADD_PRODUCT(a, b, c) JOIN(ADD_PRODUCT_, FUSED)(a, b, c)
#define ADD_PRODUCT_1(a, b, c) __builtin_elementwise_fma(a, b, c)
#define ADD_PRODUCT_0(a, b, c) ((a) * (b) + (c))

/// A number in every lane; taking zero away leaves even a zero's sign.
#define EVERY_LANE(x) ((x) - (lanes){0})

/// Lane by lane a where the mask has all bits set and b where it has none.
#define SELECT(mask, a, b) ((lanes)(((bit_lanes)(mask) & (bit_lanes)(a)) | (~(bit_lanes)(mask) & (bit_lanes)(b))))

/// The sum of the lanes, in one fixed order.
INLINE float sum_of_lanes(const lanes *sums) {
    float v[LANES], q[4];
    memcpy(v, sums, sizeof v);
    for (int i = 0; i < 4; i++) q[i] = (v[i] + v[i + 8]) + (v[i + 4] + v[i + 12]);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

#endif
