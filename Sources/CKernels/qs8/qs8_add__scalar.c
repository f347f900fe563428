#include "qs8_scalar.h"

#pragma STDC FP_CONTRACT OFF

// Kept small: on the frame's hot path such work is part of a fast kernel.
void qs8_add__scalar(
    size_t rows, size_t channels, const int8_t *a, size_t lda, const float *gain_a, const int8_t *b, size_t ldb,
    const float *gain_b, const float *shift, int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, a += lda, b += ldb, output += ldo) {
#pragma clang loop vectorize(disable) unroll(disable)
        for (size_t c = 0; c < channels; c++) {
            const float first = (float)a[c] * gain_a[c], second = (float)b[c] * gain_b[c], sum = first + second;
            output[c] = ck_round_to_s8(sum + shift[c]);
        }
    }
}
