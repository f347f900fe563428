#pragma once

// The scalar path, and what the other paths share with it.

#include "qs8_requantise.h"

/// sums[j] = bias[j] + the products of a row and 8 packed columns.
static inline void ck_block_sums(
    size_t k, const int8_t *a, const int8_t *weights, const int32_t bias[8], int32_t sums[8]) {
    for (size_t j = 0; j < 8; j++) sums[j] = bias[j];
    for (size_t p = 0; p < k; p++)
        for (size_t j = 0; j < 8; j++) sums[j] += a[p] * weights[p / 4 * 32 + 4 * j + p % 4];
}

static inline const int8_t *ck_token(const int8_t *base, const ck_tokens *tokens, size_t index) {
    return base + index / tokens->width * tokens->row_stride + index % tokens->width * tokens->column_stride;
}

void qs8_gemm_8x8c4__scalar(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc);
void qs8_gemm_f16_8x8c4__scalar(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc);
void qs8_dwconv3x3__scalar(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output);
void qs8_attention__scalar(const ck_qs8_attention *);
void qs8_separable_attention__scalar(const ck_qs8_separable *);
void qs8_layernorm__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain,
    const float *shift, int8_t *output, size_t ldo);
void qs8_sums__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int32_t *sum, int32_t *squares);
void qs8_affine__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output, size_t ldo);
