#include "../common/bilinear_tap.h"
#include "qs8_requantise.h"

#pragma STDC FP_CONTRACT OFF

void qs8_resize_bilinear__scalar(
    size_t height, size_t width, size_t channels, const int8_t *input, size_t ldi, size_t out_height, size_t out_width,
    int8_t *output, size_t ldo, int align_corners, size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        const tap v = tap_at(y, height, out_height, align_corners);
        for (size_t x = 0; x < out_width; x++) {
            const tap h = tap_at(x, width, out_width, align_corners);
            const int8_t *p00 = input + (v.low * width + h.low) * ldi, *p01 = input + (v.low * width + h.high) * ldi;
            const int8_t *p10 = input + (v.high * width + h.low) * ldi, *p11 = input + (v.high * width + h.high) * ldi;
            int8_t *pixel = output + (y * out_width + x) * ldo;
            for (size_t c = 0; c < channels; c++) {
                const float upper = (float)p00[c] + h.fraction * (float)(p01[c] - p00[c]);
                const float lower = (float)p10[c] + h.fraction * (float)(p11[c] - p10[c]);
                pixel[c] = ck_round_to_s8(upper + v.fraction * (lower - upper));
            }
        }
    }
}
