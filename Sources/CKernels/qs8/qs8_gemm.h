#pragma once

// What the int8 GEMMs of all paths have in common. A path's file includes its tile, then the body for its processor.

#include "ckernels_qs8.h"

#define GEMM_PARAMETERS                                                                                                \
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,                          \
        const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,      \
        size_t ldc
#define GEMM_ARGUMENTS rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc

#define VALUES_PARAMETERS                                                                                              \
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,                               \
        const ck_qs8_values *channels, uint16_t *c, size_t ldc
#define VALUES_ARGUMENTS rows, n, k, a, lda, weights, channels, c, ldc

/// What a path's GEMM works in, where it needs more than registers: one for all the copies of `gemm` in a function.
typedef struct ck_band ck_band;

/// `curve` is the activation's: where there is one, it counts as CK_SILU.
CK_INLINE CK_TARGET void gemm(GEMM_PARAMETERS, const ck_curve *curve, ck_band *band);

/// The same with constants in place of the arguments that decide what code runs.
CK_INLINE CK_TARGET void gemm_by_activation(GEMM_PARAMETERS, ck_band *band) {
    const ck_curve *curve = ck_curve_of(activation);
#define GEMM(activation, residual)                                                                                     \
    gemm(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc, curve, band)
    if (residual && curve)
        GEMM(CK_SILU, residual);
    else if (residual && activation == CK_RELU)
        GEMM(CK_RELU, residual);
    else if (residual)
        GEMM(CK_IDENTITY, residual);
    else if (curve)
        GEMM(CK_SILU, NULL);
    else if (activation == CK_RELU)
        GEMM(CK_RELU, NULL);
    else
        GEMM(CK_IDENTITY, NULL);
#undef GEMM
}
