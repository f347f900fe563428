#include "qs8_scalar.h"

void qs8_gemm__scalar(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t block = 0; block < blocks; block++) {
            int32_t sums[8];
            ck_block_sums(k, a + row * lda, weights + block * 8 * k, channels[block].bias, sums);
            for (size_t j = 0; j < 8; j++) {
                const size_t column = 8 * block + j;
                c[row * ldc + column] = ck_requantise(
                    sums[j], &channels[block], j, activation, residual ? residual[row * ldr + column] : 0);
            }
        }
    }
}
