// Floats rounded to their upper halves.
#ifndef MEDMOE_BRAIN_FLOATS_H
#define MEDMOE_BRAIN_FLOATS_H

#include "lanes.h"

#include <stdint.h>
#include <string.h>

INLINE uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

INLINE uint16_t brain_of(float value) {
    uint32_t bits = bits_of(value);
    // Both are computed: a branch would keep the loop from becoming vectors.
    uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7FFFFFFF) > 0x7F800000 ? bits >> 16 | 0x40 : rounded);
}

#endif
