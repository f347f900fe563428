#pragma once

#include <stdint.h>

/// The fractional bits of Pillow's weights for bytes: 32, less 8 of the byte, less 2 for the overshoot of the filters.
enum { PILLOW_BITS = 32 - 8 - 2, PILLOW_HALF = 1 << (PILLOW_BITS - 1) };

static inline uint8_t pillow_clip(int32_t sum) {
    const int32_t value = sum >> PILLOW_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}
