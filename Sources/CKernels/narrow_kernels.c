#include "CKernels.h"
#include "brain_floats.h"
#include "lanes.h"

/// 65520: from here up the nearest half is infinite.
#define FIRST_BEYOND_HALVES 0x477FF000u

INLINE uint16_t half_of(float value) {
    uint32_t bits = bits_of(value);
    uint32_t sign = bits >> 16 & 0x8000;
    uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);
    if (magnitude >= FIRST_BEYOND_HALVES) return (uint16_t)(sign | 0x7C00);
    if (magnitude < 0x38800000) {
        // Below the smallest normal half: adding 0.5 leaves the half's bits, rounded by the addition, at the bottom.
        float positive;
        memcpy(&positive, &magnitude, sizeof positive);
        return (uint16_t)(sign | (bits_of(positive + 0.5f) - 0x3F000000));
    }
    uint32_t odd = magnitude >> 13 & 1;
    // The exponent's bias goes from 127 to 15; just below half a unit is added, a tie gets the rest when it is odd.
    return (uint16_t)(sign | (magnitude - (112u << 23) + 0xFFF + odd) >> 13);
}

INLINE uint32_t is_finite_beyond_halves(float value) {
    return (bits_of(value) & 0x7FFFFFFF) - FIRST_BEYOND_HALVES < 0x7F800000 - FIRST_BEYOND_HALVES;
}

// The loops are plain enough for the compiler to make vectors of them, as wide as the instruction set's.
#define NARROW(SUFFIX, TARGET)                                                                                         \
    TARGET static void narrow_f16_##SUFFIX(const float *from, ptrdiff_t count, uint16_t *to) {                         \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = half_of(from[i]);                                                \
    }                                                                                                                  \
    TARGET static void narrow_bf16_##SUFFIX(const float *from, ptrdiff_t count, uint16_t *to) {                        \
        for (ptrdiff_t i = 0; i < count; i++) to[i] = brain_of(from[i]);                                               \
    }                                                                                                                  \
    TARGET static int overflows_f16_##SUFFIX(const float *from, ptrdiff_t count) {                                     \
        uint32_t found = 0;                                                                                            \
        /* No early end: whole vectors at once are quicker, and a hit is rare. */                                      \
        for (ptrdiff_t i = 0; i < count; i++) found |= is_finite_beyond_halves(from[i]);                               \
        return found != 0;                                                                                             \
    }

#if defined(__x86_64__)
NARROW(avx512, TARGET_AVX512)
NARROW(avx2, TARGET_AVX2)
#define DISPATCH(NAME, ...)                                                                                            \
    do {                                                                                                               \
        const medmoe_instructions best = medmoe_best_instructions();                                                   \
        if (best >= MEDMOE_INSTRUCTIONS_AVX512) return NAME##_avx512(__VA_ARGS__);                                     \
        if (best == MEDMOE_INSTRUCTIONS_AVX2) return NAME##_avx2(__VA_ARGS__);                                         \
        return NAME##_baseline(__VA_ARGS__);                                                                           \
    } while (0)
#else
#define DISPATCH(NAME, ...) return NAME##_baseline(__VA_ARGS__)
#endif
NARROW(baseline, )

void medmoe_narrow_f16(const float *from, ptrdiff_t count, uint16_t *to) { DISPATCH(narrow_f16, from, count, to); }

void medmoe_narrow_bf16(const float *from, ptrdiff_t count, uint16_t *to) { DISPATCH(narrow_bf16, from, count, to); }

int medmoe_overflows_f16(const float *from, ptrdiff_t count) { DISPATCH(overflows_f16, from, count); }
