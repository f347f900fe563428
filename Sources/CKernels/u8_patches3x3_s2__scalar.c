#include "include/ckernels_qs8.h"

#include <string.h>

void u8_patches3x3_s2__scalar(
    size_t height, size_t width, const uint8_t *image, const uint8_t padding[3], size_t y, int8_t *patches) {
    uint8_t outside[9];
    for (size_t i = 0; i < 9; i++) outside[i] = padding[i % 3];
    for (size_t ky = 0; ky < 3; ky++) {
        const size_t line = 2 * y + ky;
        const int inside = line >= 1 && line <= height;
        const uint8_t *row = inside ? image + (line - 1) * width * 3 : outside;
        uint8_t *patch = (uint8_t *)patches + 9 * ky;
        for (size_t x = 0; x < (width + 1) / 2; x++, patch += 28) {
            const size_t pixel = 2 * x;
            if (inside && pixel >= 1 && pixel + 2 <= width) {
                memcpy(patch, row + 3 * (pixel - 1), 9);
                continue;
            }
            memcpy(patch, outside, 9);
            if (!inside) continue;
            if (pixel >= 1) memcpy(patch, row + 3 * (pixel - 1), 3);
            memcpy(patch + 3, row + 3 * pixel, 3);
            if (pixel + 2 <= width) memcpy(patch + 6, row + 3 * (pixel + 1), 3);
        }
    }
    for (size_t x = 0; x < (width + 1) / 2; x++) {
        uint8_t *patch = (uint8_t *)patches + 28 * x;
        for (size_t i = 0; i < 27; i++) patch[i] ^= 0x80;
        patch[27] = 0;
    }
}
