#include "qs8_requantise.h"

#pragma STDC FP_CONTRACT OFF

void qs8_mean__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output) {
    for (size_t c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (size_t row = 0; row < rows; row++) sum += input[row * ldi + c];
        const float scaled = (float)sum * gain[c];
        output[c] = ck_round_to_s8(scaled + shift[c]);
    }
}
