#include "qs8_scalar.h"

#include "../common/f16_convert.h"

#pragma STDC FP_CONTRACT OFF

void qs8_gemm_f16__scalar(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const ck_qs8_values *channels,
    uint16_t *c, size_t ldc) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < n; column += 8) {
            const ck_qs8_values *p = &channels[column / 8];
            int32_t sums[8];
            ck_block_sums(k, a + row * lda, weights + column * k, p->bias, sums);
            for (size_t j = 0; j < 8 && column + j < n; j++)
                c[row * ldc + column + j] = ck_f32_to_f16((float)sums[j] * p->scale[j]);
        }
    }
}
