#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_1x32c4__avx2(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    if (k > MAX_K)
        qs8_gemm__scalar(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc);
    else
        gemm_by_activation(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc);
}

#endif
