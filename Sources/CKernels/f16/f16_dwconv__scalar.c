#include "f16_scalar.h"

enum { BLOCK = 64 };

// Kept small: on the frame's hot path such work is part of a fast kernel.
void f16_dwconv__scalar(
    const ck_window *window, size_t channels, const uint16_t *input, size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo, size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        for (size_t x = 0; x < window->out_width; x++) {
            uint16_t *pixel = output + (y * window->out_width + x) * ldo;
            for (size_t c = 0; c < channels; c += BLOCK) {
                const size_t count = channels - c < BLOCK ? channels - c : BLOCK;
                float sums[BLOCK];
#pragma clang loop vectorize(disable) unroll(disable)
                for (size_t i = 0; i < count; i++) sums[i] = bias ? bias[c + i] : 0.0f;
                for (size_t tap = 0; tap < window->kernel_height * window->kernel_width; tap++) {
                    const size_t at = ck_window_pixel(window, y, x, tap);
                    if (at == SIZE_MAX) continue;
                    const uint16_t *values = input + at * ldi + c, *factors = weights + tap * channels + c;
#pragma clang loop interleave(disable) unroll(disable)
                    for (size_t i = 0; i < count; i++) sums[i] += ck_f16_to_f32(values[i]) * ck_f16_to_f32(factors[i]);
                }
#pragma clang loop vectorize(disable) unroll(disable)
                for (size_t i = 0; i < count; i++) pixel[c + i] = ck_f32_to_f16(ck_activated(sums[i], activation));
            }
        }
    }
}
