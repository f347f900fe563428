#include "../common/f32_math.h"

enum { BLOCK = 32 };

void f32_conv3x3_s2__scalar(
    size_t height, size_t width, size_t in, size_t out, const float *input, const float *weights, const float *bias,
    float *output, size_t ldc, ck_activation activation, size_t first, size_t last) {
    const size_t out_width = (width + 1) / 2;
    for (size_t y = first; y < last; y++) {
        for (size_t x = 0; x < out_width; x++) {
            float *pixel = output + (y * out_width + x) * ldc;
            for (size_t block = 0; block < out; block += BLOCK) {
                const size_t count = out - block < BLOCK ? out - block : BLOCK;
                float sums[BLOCK];
                for (size_t j = 0; j < count; j++) sums[j] = bias[block + j];
                for (size_t ky = 0; ky < 3; ky++) {
                    const size_t row = 2 * y + ky;
                    if (row < 1 || row > height) continue;
                    for (size_t kx = 0; kx < 3; kx++) {
                        const size_t column = 2 * x + kx;
                        if (column < 1 || column > width) continue;
                        const float *source = input + ((row - 1) * width + (column - 1)) * in;
                        const float *taps = weights + (ky * 3 + kx) * in * out + block;
                        for (size_t i = 0; i < in; i++)
                            for (size_t j = 0; j < count; j++) sums[j] += source[i] * taps[i * out + j];
                    }
                }
                ck_activate(sums, count, activation);
                memcpy(pixel + block, sums, count * sizeof(float));
            }
        }
    }
}
