#include "CKernels.h"

#include "../common/bilinear_tap.h"

void f32_resize_bilinear__scalar(
    size_t height, size_t width, size_t channels, const float *input, size_t ldi, size_t out_height, size_t out_width,
    float *output, size_t ldo, int align_corners, size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        const tap v = tap_at(y, height, out_height, align_corners);
        for (size_t x = 0; x < out_width; x++) {
            const tap h = tap_at(x, width, out_width, align_corners);
            const float *p00 = input + (v.low * width + h.low) * ldi, *p01 = input + (v.low * width + h.high) * ldi;
            const float *p10 = input + (v.high * width + h.low) * ldi, *p11 = input + (v.high * width + h.high) * ldi;
            float *pixel = output + (y * out_width + x) * ldo;
            for (size_t c = 0; c < channels; c++)
                pixel[c] = (1.0f - v.fraction) * ((1.0f - h.fraction) * p00[c] + h.fraction * p01[c]) +
                    v.fraction * ((1.0f - h.fraction) * p10[c] + h.fraction * p11[c]);
        }
    }
}
