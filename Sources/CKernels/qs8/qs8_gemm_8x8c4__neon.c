#include "qs8_tile__neon.h"

#if defined(__ARM_NEON)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_8x8c4__neon(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    gemm_by_activation(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc);
}

#endif
