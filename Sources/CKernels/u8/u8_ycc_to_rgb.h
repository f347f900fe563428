#pragma once

// One row of YCbCr for paths on which the compiler finds the vectors.

#include "u8_paths.h"

static inline uint8_t clip(int32_t value) {
    const int32_t rounded = (value + (1 << 12)) >> 13;
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

// With `first` known the compiler finds vectors.
static inline __attribute__((always_inline)) void convert(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, const size_t first,
    uint8_t *restrict output) {
    const ck_ycc m = *matrix;
    for (size_t x = 0; x < width; x++) {
        const int32_t luma = (y[x] - m.black) * m.luma, blue = cb[x] - 128, red = cr[x] - 128;
        output[3 * x + first] = clip(luma + red * m.red_by_cr);
        output[3 * x + 1] = clip(luma + blue * m.green_by_cb + red * m.green_by_cr);
        output[3 * x + 2 - first] = clip(luma + blue * m.blue_by_cb);
    }
}
