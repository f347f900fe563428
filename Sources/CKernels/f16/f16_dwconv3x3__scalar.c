#include "f16_scalar.h"

void f16_dwconv3x3__scalar(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo) {
    for (size_t x = 0; x < width; x++) {
        for (size_t c = 0; c < channels; c++) {
            float sum = bias ? bias[c] : 0.0f;
            for (size_t tap = 0; tap < 9; tap++)
                sum += ck_f16_to_f32(rows[tap / 3][(stride * x + tap % 3) * ldi + c]) *
                    ck_f16_to_f32(weights[tap * channels + c]);
            output[x * ldo + c] = ck_f32_to_f16(ck_activated(sum, activation));
        }
    }
}
