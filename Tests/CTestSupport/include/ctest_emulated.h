#pragma once

#include "CKernels.h"

/// Whether the kernels below are the avx512vnni path's, emulated with AVX2; elsewhere they are the scalar ones.
int ctest_emulates_avx512vnni(void);

void ctest_emulated_gemm(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc);

void ctest_emulated_gemm_f16(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const ck_qs8_values *channels,
    uint16_t *c, size_t ldc);
