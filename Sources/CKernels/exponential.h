// exp(x) for finite x, relative error below 2e-7: range reduction by ln 2 in two parts and a polynomial of degree 6
// (Cody and Waite). Our own, so that the bits do not depend on the C library's choice of code path. The including file
// turns FP_CONTRACT off: fused where the CPU can, they would depend on the CPU. NaN stays NaN.
#ifndef MEDMOE_EXPONENTIAL_H
#define MEDMOE_EXPONENTIAL_H

#include "lanes.h"

/// In place: the exponential of each lane.
INLINE void exponential_of(lanes *lane) {
#pragma STDC FP_CONTRACT OFF
    const lanes upper = EVERY_LANE(88.3762626647949f), lower = EVERY_LANE(-87.3365478515625f);
    lanes x = *lane;
    x = SELECT(x > upper, upper, x);
    x = SELECT(x < lower, lower, x);
    // Adding 1.5 * 2^23 rounds to the nearest whole number, which is then at the bottom of the bits.
    const float rounding = 12582912.0f;
    const lanes shifted = x * 1.44269504088896341f + rounding;
    const lanes n = shifted - rounding;
    lanes r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    lanes p = EVERY_LANE(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const lanes y = p * r * r + r + 1.0f;
    *lane = y * (lanes)(((bit_lanes)shifted << 23) + (127u << 23));
}

#endif
