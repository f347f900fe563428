#include "qs8_normalise.h"
#include "qs8_scalar.h"

#pragma STDC FP_CONTRACT OFF

void qs8_layernorm__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain,
    const float *shift, int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++) {
        const int8_t *x = input + row * ldi;
        int32_t sum = 0, squares = 0;
        for (size_t c = 0; c < channels; c++) {
            sum += x[c];
            squares += x[c] * x[c];
        }
        const ck_normalisation n = ck_row_normalisation(channels, sum, squares, epsilon);
        for (size_t c = 0; c < channels; c++) {
            const float normal = (float)x[c] * n.factor + n.offset, scaled = normal * gain[c];
            output[row * ldo + c] = ck_round_to_s8(scaled + shift[c]);
        }
    }
}
