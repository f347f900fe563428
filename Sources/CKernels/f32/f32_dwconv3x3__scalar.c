#include "../common/f32_math.h"

enum { BLOCK = 32 };

void f32_dwconv3x3__scalar(
    size_t height, size_t width, size_t channels, size_t stride, const float *input, size_t ldi, const float *weights,
    const float *bias, float *output, size_t ldo, ck_activation activation, size_t first, size_t last) {
    const size_t out_width = (width + stride - 1) / stride;
    for (size_t y = first; y < last; y++) {
        for (size_t x = 0; x < out_width; x++) {
            float *pixel = output + (y * out_width + x) * ldo;
            for (size_t block = 0; block < channels; block += BLOCK) {
                const size_t count = channels - block < BLOCK ? channels - block : BLOCK;
                float sums[BLOCK];
                for (size_t c = 0; c < count; c++) sums[c] = bias[block + c];
                for (size_t ky = 0; ky < 3; ky++) {
                    const size_t row = stride * y + ky;
                    if (row < 1 || row > height) continue;
                    for (size_t kx = 0; kx < 3; kx++) {
                        const size_t column = stride * x + kx;
                        if (column < 1 || column > width) continue;
                        const float *source = input + ((row - 1) * width + (column - 1)) * ldi + block;
                        const float *taps = weights + (ky * 3 + kx) * channels + block;
                        for (size_t c = 0; c < count; c++) sums[c] += source[c] * taps[c];
                    }
                }
                ck_activate(sums, count, activation);
                memcpy(pixel + block, sums, count * sizeof(float));
            }
        }
    }
}
