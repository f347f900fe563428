#include "qs8_scalar.h"

void qs8_dwconv3x3__scalar(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output) {
    for (size_t x = 0; x < width; x++) {
        for (size_t c = 0; c < channels; c++) {
            const ck_qs8_channels *p = &parameters[c / 8];
            int32_t sum = p->bias[c % 8];
            for (size_t ky = 0; ky < 3; ky++)
                for (size_t kx = 0; kx < 3; kx++)
                    sum += rows[ky][(x * stride + kx) * channels + c] * weights[(ky * 3 + kx) * channels + c];
            output[x * channels + c] = ck_requantise(sum, p, c % 8, activation, 0);
        }
    }
}
