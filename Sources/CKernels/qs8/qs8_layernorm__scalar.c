#include "qs8_normalise.h"
#include "qs8_scalar.h"

void qs8_layernorm__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo) {
        int32_t sum = 0, squares = 0;
        for (size_t c = 0; c < channels; c++) {
            sum += input[c];
            squares += input[c] * input[c];
        }
        const ck_normalisation normalisation = ck_row_normalisation(channels, sum, squares, epsilon);
        for (size_t c = 0; c < channels; c++) {
            int16_t row_gain, row_shift;
            ck_normalisation_channels(1, gain + c, shift + c, &row_gain, &row_shift);
            output[c] = ck_normalise(input[c], &normalisation, row_gain, row_shift);
        }
    }
}
