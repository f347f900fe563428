#include "f16_vectors__neon.h"

#if defined(__ARM_NEON)

#include "f16_normalise.h"

CK_TARGET void f16_layernorm__neon(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo) {
    layernorm(rows, channels, input, ldi, gain, shift, epsilon, output, ldo);
}

#endif
