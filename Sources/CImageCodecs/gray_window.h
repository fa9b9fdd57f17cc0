// The linear window of DICOM PS3.3 C.11.2.1.2, which here serves every gray of more than 8 bits. Not part of the
// interface.
#ifndef MEDMOE_GRAY_WINDOW_H
#define MEDMOE_GRAY_WINDOW_H

#include <math.h>
#include <stdint.h>

/// Where a value lies in a window: 0 and less is black, 1 and more is white.
static inline double medmoe_window_share(double value, double center, double width) {
    // Widths of 1 and less leave a threshold at center - 0.5.
    return width > 1 ? (value - (center - 0.5)) / (width - 1) + 0.5 : (value > center - 0.5 ? 1 : 0);
}

/// A share as a byte.
static inline uint8_t medmoe_window_gray(double share) {
    // What is no number compares as false with all: it is black.
    return share > 0 ? (uint8_t)floor((share > 1 ? 1 : share) * 255 + 0.5) : 0;
}

#endif
