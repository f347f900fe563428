#pragma once

// What the vector paths of separable attention share.

#include "qs8_normalise.h"

/// The weight of every token. Returns their sum.
static inline int32_t ck_weigh_tokens(const ck_qs8_separable *position, uint8_t *weights) {
    const ck_tokens *tokens = &position->tokens;
    int32_t largest = -128;
    for (size_t i = 0; i < tokens->height; i++)
        for (size_t j = 0; j < tokens->width; j++) {
            const int32_t q = position->q[i * tokens->row_stride + j * tokens->column_stride];
            largest = q > largest ? q : largest;
        }
    // A score grows with q, so the largest score is that of the largest q.
    const int32_t maximum = ck_score(256 * largest, position->multiplier);
    int32_t total = 0;
    for (size_t i = 0; i < tokens->height; i++)
        for (size_t j = 0; j < tokens->width; j++) {
            const int32_t q = position->q[i * tokens->row_stride + j * tokens->column_stride];
            const uint8_t weight = ck_exp2_weight(maximum - ck_score(256 * q, position->multiplier));
            *weights++ = weight;
            total += weight;
        }
    return total;
}
