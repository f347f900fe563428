#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_normalise.h"

CK_TARGET void f16_affine__avx2(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo) {
    affine(rows, channels, input, ldi, gain, shift, output, ldo);
}

#endif
