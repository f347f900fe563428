#include "qs8_scalar.h"

void qs8_patches__scalar(
    const ck_window *window, size_t channels, const int8_t *input, size_t ldi, const int8_t *padding, size_t y,
    int8_t *patches, size_t ldp) {
    const size_t taps = window->kernel_height * window->kernel_width;
    for (size_t x = 0; x < window->out_width; x++, patches += ldp) {
        for (size_t tap = 0; tap < taps; tap++) {
            const size_t at = ck_window_pixel(window, y, x, tap);
            memcpy(patches + tap * channels, at == SIZE_MAX ? padding : input + at * ldi, channels);
        }
        memset(patches + taps * channels, 0, ldp - taps * channels);
    }
}
