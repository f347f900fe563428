#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_f16_1x32c4__avx2(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const ck_qs8_values *channels,
    uint16_t *c, size_t ldc) {
    if (k > MAX_K)
        qs8_gemm_f16__scalar(rows, n, k, a, lda, weights, channels, c, ldc);
    else
        gemm_values(rows, n, k, a, lda, weights, channels, c, ldc);
}

#endif
