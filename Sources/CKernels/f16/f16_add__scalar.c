#include "f16_scalar.h"

// Kept small: on the frame's hot path such work is part of a fast kernel.
void f16_add__scalar(
    size_t rows, size_t channels, const uint16_t *a, size_t lda, const uint16_t *b, size_t ldb, uint16_t *output,
    size_t ldo) {
    for (size_t row = 0; row < rows; row++, a += lda, b += ldb, output += ldo)
#pragma clang loop vectorize(disable) unroll(disable)
        for (size_t c = 0; c < channels; c++) output[c] = ck_f32_to_f16(ck_f16_to_f32(a[c]) + ck_f16_to_f32(b[c]));
}
