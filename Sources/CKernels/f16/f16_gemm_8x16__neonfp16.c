#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)

#include "f16_gemm.h"

CK_TARGET void f16_gemm_8x16__neonfp16(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc) {
    gemm(rows, n, k, a, lda, b, bias, activation, residual, ldr, c, ldc);
}

#endif
