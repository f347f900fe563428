#include "qs8_scalar.h"

#pragma STDC FP_CONTRACT OFF

void qs8_affine__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < channels; c++) {
            const float scaled = (float)input[row * ldi + c] * gain[c];
            output[row * ldo + c] = ck_round_to_s8(scaled + shift[c]);
        }
    }
}
