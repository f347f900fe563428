#pragma once

#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

/// Maps `size` writable bytes whose end (`at_end`) or start lies beside a page that faults on access. NULL on failure.
void *_Nullable ctest_map_guarded(size_t size, int at_end);

/// Gives back what `ctest_map_guarded` returned for the same arguments.
void ctest_unmap_guarded(void *_Nonnull address, size_t size, int at_end);

/// libm's exp, for references in double precision.
double ctest_exp(double x);

/// Whether the kernels below are the avx512vnni path's, emulated with AVX2; elsewhere they are the scalar ones.
int ctest_emulates_avx512vnni(void);

void ctest_emulated_gemm(
    size_t rows, size_t blocks, size_t k, const int8_t *_Nonnull a, size_t lda, const int8_t *_Nonnull weights,
    const ck_qs8_channels *_Nonnull channels, ck_activation activation, const int8_t *_Nullable residual, size_t ldr,
    int8_t *_Nonnull c, size_t ldc);

void ctest_emulated_gemm_f16(
    size_t rows, size_t n, size_t k, const int8_t *_Nonnull a, size_t lda, const int8_t *_Nonnull weights,
    const ck_qs8_values *_Nonnull channels, uint16_t *_Nonnull c, size_t ldc);
