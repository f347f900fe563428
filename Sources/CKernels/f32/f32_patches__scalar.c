#include "CKernels.h"

void f32_patches__scalar(
    const ck_window *window, size_t channels, const float *input, size_t ldi, size_t y, float *patches, size_t ldp) {
    const size_t taps = window->kernel_height * window->kernel_width;
    for (size_t x = 0; x < window->out_width; x++, patches += ldp) {
        for (size_t tap = 0; tap < taps; tap++) {
            const size_t at = ck_window_pixel(window, y, x, tap);
            if (at == SIZE_MAX)
                memset(patches + tap * channels, 0, channels * sizeof *patches);
            else
                memcpy(patches + tap * channels, input + at * ldi, channels * sizeof *patches);
        }
        memset(patches + taps * channels, 0, (ldp - taps * channels) * sizeof *patches);
    }
}
