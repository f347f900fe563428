#include "../common/bilinear_tap.h"
#include "f16_scalar.h"

void f16_resize_bilinear__scalar(
    size_t height, size_t width, size_t channels, const uint16_t *input, size_t ldi, size_t out_height,
    size_t out_width, uint16_t *output, size_t ldo, int align_corners, size_t first, size_t last) {
    for (size_t y = first; y < last; y++) {
        const tap v = tap_at(y, height, out_height, align_corners);
        for (size_t x = 0; x < out_width; x++) {
            const tap h = tap_at(x, width, out_width, align_corners);
            const uint16_t *p00 = input + (v.low * width + h.low) * ldi;
            const uint16_t *p01 = input + (v.low * width + h.high) * ldi;
            const uint16_t *p10 = input + (v.high * width + h.low) * ldi;
            const uint16_t *p11 = input + (v.high * width + h.high) * ldi;
            uint16_t *pixel = output + (y * out_width + x) * ldo;
            for (size_t c = 0; c < channels; c++) {
                const float left = ck_f16_to_f32(p00[c]), below = ck_f16_to_f32(p10[c]);
                const float upper = left + h.fraction * (ck_f16_to_f32(p01[c]) - left);
                const float lower = below + h.fraction * (ck_f16_to_f32(p11[c]) - below);
                pixel[c] = ck_f32_to_f16(upper + v.fraction * (lower - upper));
            }
        }
    }
}
