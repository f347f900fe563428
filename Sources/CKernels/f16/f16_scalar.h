#pragma once

// The scalar path, and what the other paths share with it.

#include "../common/f16_convert.h"
#include "../common/f32_math.h"
#include "ckernels_f16.h"

static inline const uint16_t *ck_token16(const uint16_t *base, const ck_tokens *tokens, size_t index) {
    return base + index / tokens->width * tokens->row_stride + index % tokens->width * tokens->column_stride;
}

static inline float ck_activated(float x, ck_activation activation) {
    ck_activate(&x, 1, activation);
    return x;
}

/// exp(q - the largest q) of every token, in fp32; returns their sum.
static inline float ck_softmax_weights(const uint16_t *q, const ck_tokens *tokens, float *weights) {
    const size_t count = tokens->height * tokens->width;
    float largest = -__builtin_inff(), total = 0.0f;
    for (size_t t = 0; t < count; t++) {
        weights[t] = ck_f16_to_f32(*ck_token16(q, tokens, t));
        largest = weights[t] > largest ? weights[t] : largest;
    }
    for (size_t t = 0; t < count; t++) {
        weights[t] = ck_exp(weights[t] - largest);
        total += weights[t];
    }
    return total;
}
