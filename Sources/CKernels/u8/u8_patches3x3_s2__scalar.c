#include "ckernels_qs8.h"

#include <string.h>

/// Copies 9 bytes less 128, 3 of each pixel.
static inline void copy_pixels(uint8_t *to, const uint8_t *left, const uint8_t *middle, const uint8_t *right) {
    uint8_t bytes[9];
    memcpy(bytes, left, 3);
    memcpy(bytes + 3, middle, 3);
    memcpy(bytes + 6, right, 3);
    for (size_t i = 0; i < 9; i++) to[i] = bytes[i] ^ 0x80;
}

/// The same for three pixels side by side.
static inline void copy_neighbours(uint8_t *to, const uint8_t *from) {
    uint64_t eight;
    memcpy(&eight, from, 8);
    eight ^= UINT64_C(0x8080808080808080);
    memcpy(to, &eight, 8);
    to[8] = from[8] ^ 0x80;
}

void u8_patches3x3_s2__scalar(
    size_t height, size_t width, const uint8_t *image, const uint8_t padding[3], size_t y, int8_t *patches) {
    const size_t outputs = (width + 1) / 2;
    for (size_t ky = 0; ky < 3; ky++) {
        const size_t line = 2 * y + ky;
        uint8_t *patch = (uint8_t *)patches + 9 * ky;
        if (line < 1 || line > height) {
            for (size_t x = 0; x < outputs; x++) copy_pixels(patch + 28 * x, padding, padding, padding);
            continue;
        }
        const uint8_t *row = image + (line - 1) * width * 3;
        copy_pixels(patch, padding, row, width > 1 ? row + 3 : padding);
        size_t x = 1;
#pragma clang loop vectorize(disable) unroll(disable)
        for (; 2 * x + 2 <= width; x++) copy_neighbours(patch + 28 * x, row + 3 * (2 * x - 1));
        if (x < outputs) copy_pixels(patch + 28 * x, row + 3 * (2 * x - 1), row + 6 * x, padding);
    }
    for (size_t x = 0; x < outputs; x++) patches[28 * x + 27] = 0;
}
