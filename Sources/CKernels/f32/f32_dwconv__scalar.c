#include "../common/f32_math.h"

enum { BLOCK = 64 };

// Kept small: on the frame's hot path such work is part of a fast kernel.
void f32_dwconv__scalar(
    const ck_window *window, size_t channels, const float *input, size_t ldi, const float *weights, const float *bias,
    ck_activation activation, float *output, size_t ldo, size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        for (size_t x = 0; x < window->out_width; x++) {
            float *pixel = output + (y * window->out_width + x) * ldo;
            for (size_t c = 0; c < channels; c += BLOCK) {
                const size_t count = channels - c < BLOCK ? channels - c : BLOCK;
                float sums[BLOCK];
#pragma clang loop vectorize(disable) unroll(disable)
                for (size_t i = 0; i < count; i++) sums[i] = bias ? bias[c + i] : 0.0f;
                for (size_t tap = 0; tap < window->kernel_height * window->kernel_width; tap++) {
                    const size_t at = ck_window_pixel(window, y, x, tap);
                    if (at == SIZE_MAX) continue;
                    const float *values = input + at * ldi + c, *factors = weights + tap * channels + c;
#pragma clang loop interleave(disable) unroll(disable)
                    for (size_t i = 0; i < count; i++) sums[i] += values[i] * factors[i];
                }
                ck_activate(sums, count, activation);
                memcpy(pixel + c, sums, count * sizeof *sums);
            }
        }
    }
}
