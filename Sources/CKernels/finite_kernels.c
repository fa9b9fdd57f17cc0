// Whether numbers are numbers: an exponent of ones only is an infinity or none at all.
#include "CKernels.h"

#define SCAN(name, type, mask)                                     \
    bool name(const void *numbers, ptrdiff_t count) {                 \
        const type *values = numbers;                              \
        unsigned found = 0;                                        \
        for (ptrdiff_t i = 0; i < count; i++)                         \
            found |= (unsigned)((values[i] & (mask)) == (mask));   \
        return found == 0;                                         \
    }

SCAN(medmoe_all_finite_f32, uint32_t, 0x7f800000u)
SCAN(medmoe_all_finite_bf16, uint16_t, 0x7f80u)
SCAN(medmoe_all_finite_f16, uint16_t, 0x7c00u)
