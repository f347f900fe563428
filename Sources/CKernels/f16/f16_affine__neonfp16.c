#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)

#include "f16_normalise.h"

CK_TARGET void f16_affine__neonfp16(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo) {
    affine(rows, channels, input, ldi, gain, shift, output, ldo);
}

#endif
