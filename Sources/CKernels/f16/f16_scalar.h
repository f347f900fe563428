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

void f16_gemm_1x1__scalar(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc);
void f16_dwconv3x3__scalar(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo);
void f16_patches3x3_s2__scalar(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches);
void f16_attention__scalar(const ck_f16_attention *);
void f16_separable_attention__scalar(const ck_f16_separable *);
void f16_layernorm__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo);
void f16_sums__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares);
void f16_affine__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo);
