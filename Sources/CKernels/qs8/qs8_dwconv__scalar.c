#include "qs8_scalar.h"

void qs8_dwconv__scalar(
    const ck_window *window, size_t channels, const int8_t *input, size_t ldi, const int8_t *padding,
    const int8_t *weights, const ck_qs8_channels *parameters, ck_activation activation, int8_t *output, size_t ldo,
    size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        for (size_t x = 0; x < window->out_width; x++) {
            int8_t *pixel = output + (y * window->out_width + x) * ldo;
            for (size_t c = 0; c < channels; c += 8) {
                const ck_qs8_channels *p = &parameters[c / 8];
                int32_t sums[8];
                for (size_t j = 0; j < 8; j++) sums[j] = p->bias[j];
                for (size_t tap = 0; tap < window->kernel_height * window->kernel_width; tap++) {
                    const size_t at = ck_window_pixel(window, y, x, tap);
                    const int8_t *values = (at == SIZE_MAX ? padding : input + at * ldi) + c;
                    const int8_t *factors = weights + tap * channels + c;
                    for (size_t j = 0; j < 8; j++) sums[j] += values[j] * factors[j];
                }
                for (size_t j = 0; j < 8; j++) pixel[c + j] = ck_requantise(sums[j], p, j, activation, 0);
            }
        }
    }
}
