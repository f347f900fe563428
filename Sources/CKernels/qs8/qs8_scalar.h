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
