#include "f16_scalar.h"

void f16_affine__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo) {
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < channels; c++)
            output[i * ldo + c] = ck_f32_to_f16(ck_f16_to_f32(input[i * ldi + c]) * gain[c] + shift[c]);
}
