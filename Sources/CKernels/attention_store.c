#include "CKernels.h"
#include "brain_floats.h"

#include <string.h>

enum { BLOCK = MEDMOE_ATTENTION_BLOCK };

/// Keys of four positions, four numbers of each: they turn over in registers.
static inline void store_four_by_four(float *to, const float *from, ptrdiff_t stride) {
    typedef float four __attribute__((vector_size(16), aligned(4)));
    four a, b, c, d;
    memcpy(&a, from, sizeof a);
    memcpy(&b, from + stride, sizeof b);
    memcpy(&c, from + 2 * stride, sizeof c);
    memcpy(&d, from + 3 * stride, sizeof d);
    const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    const four AB = __builtin_shufflevector(a, b, 2, 6, 3, 7), CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    const four turned[4] = {
        __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
        __builtin_shufflevector(AB, CD, 0, 1, 4, 5), __builtin_shufflevector(AB, CD, 2, 3, 6, 7),
    };
    for (int i = 0; i < 4; i++) memcpy(to + i * BLOCK, &turned[i], sizeof turned[i]);
}

void medmoe_attention_store(float *block, ptrdiff_t kv_heads, ptrdiff_t head_size, ptrdiff_t position, ptrdiff_t count,
                            const float *keys, const float *values) {
    const ptrdiff_t columns = kv_heads * head_size, end = position + count;
    // A few columns at a time: the lines that they are written to stay in the first-level cache.
    for (ptrdiff_t column = 0; column < columns; column += 16) {
        const ptrdiff_t width = columns - column < 16 ? columns - column : 16;
        for (ptrdiff_t p = position; p < end;) {
            const float *from = keys + (p - position) * columns + column;
            float *to = block + column * BLOCK + p;
            if (end - p >= 4 && width == 16) {
                for (ptrdiff_t i = 0; i < 16; i += 4) store_four_by_four(to + i * BLOCK, from + i, columns);
                p += 4;
            } else {
                for (ptrdiff_t i = 0; i < width; i++) to[i * BLOCK] = from[i];
                p += 1;
            }
        }
    }
    for (ptrdiff_t p = position; p < end; p++) {
        const float *from = values + (p - position) * columns;
        float *to = block + (columns * BLOCK) + p * head_size;
        for (ptrdiff_t head = 0; head < kv_heads; head++)
            memcpy(to + head * BLOCK * head_size, from + head * head_size, (size_t)head_size * sizeof *to);
    }
}

void medmoe_attention_store_brain(uint16_t *block, ptrdiff_t kv_heads, ptrdiff_t head_size, ptrdiff_t position,
                                  ptrdiff_t count, const float *keys, const float *values) {
    enum { STRIP = 16 };
    const ptrdiff_t columns = kv_heads * head_size;
    for (ptrdiff_t column = 0; column < columns; column += STRIP) {
        const ptrdiff_t width = columns - column < STRIP ? columns - column : STRIP;
        // Rounded in the order of memory, turned over in the first-level cache.
        uint16_t rounded[BLOCK][STRIP];
        for (ptrdiff_t p = 0; p < count; p++)
            for (ptrdiff_t i = 0; i < width; i++) rounded[p][i] = brain_of(keys[p * columns + column + i]);
        uint16_t *to = block + column * BLOCK + position;
        for (ptrdiff_t i = 0; i < width; i++)
            for (ptrdiff_t p = 0; p < count; p++) to[i * BLOCK + p] = rounded[p][i];
    }
    for (ptrdiff_t p = 0; p < count; p++)
        for (ptrdiff_t head = 0; head < kv_heads; head++) {
            const float *from = values + p * columns + head * head_size;
            uint16_t *to = block + (columns + head * head_size) * BLOCK + (position + p) * head_size;
            for (ptrdiff_t i = 0; i < head_size; i++) to[i] = brain_of(from[i]);
        }
}
