#include "f16_scalar.h"

void f16_patches3x3_s2__scalar(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches) {
    for (size_t x = 0; x < (width + 1) / 2; x++, patches += ck_f16_patch_stride) {
        for (size_t i = 0; i < 27; i++) {
            const size_t row = 2 * y + i / 9, column = 2 * x + i / 3 % 3, channel = i % 3;
            const int inside = row >= 1 && row <= height && column >= 1 && column <= width;
            const float value = inside
                ? (float)image[((row - 1) * width + column - 1) * 3 + channel] * gain[channel] + bias[channel]
                : 0.0f;
            patches[i] = ck_f32_to_f16(value);
        }
        patches[27] = 0;
    }
}
