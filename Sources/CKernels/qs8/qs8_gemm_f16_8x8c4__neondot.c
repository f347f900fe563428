#include "qs8_tile__neondot.h"

#if defined(__aarch64__)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_f16_8x8c4__neondot(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const ck_qs8_values *channels,
    uint16_t *c, size_t ldc) {
    gemm_values(rows, n, k, a, lda, weights, channels, c, ldc);
}

#endif
