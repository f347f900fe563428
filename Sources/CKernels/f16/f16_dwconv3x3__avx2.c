#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_dwconv3x3.h"

CK_TARGET void f16_dwconv3x3__avx2(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo) {
    dwconv3x3(width, channels, stride, rows, ldi, weights, bias, activation, output, ldo);
}

#endif
