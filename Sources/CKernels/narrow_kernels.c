#include "CKernels.h"

#include <string.h>

static inline uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline uint16_t half_of(float value) {
    uint32_t bits = bits_of(value);
    uint32_t sign = bits >> 16 & 0x8000;
    uint32_t magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00);
    // From 65520 up the nearest half is infinite.
    if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00);
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

static inline uint16_t brain_of(float value) {
    uint32_t bits = bits_of(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void medmoe_narrow_f16(const float *from, ptrdiff_t count, uint16_t *to) {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = half_of(from[i]);
}

void medmoe_narrow_bf16(const float *from, ptrdiff_t count, uint16_t *to) {
    for (ptrdiff_t i = 0; i < count; i++) to[i] = brain_of(from[i]);
}
