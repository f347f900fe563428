#pragma once

// The body of separable attention for all vector paths. Sums over the tokens are fp32.

#include "f16_tile.h"

CK_TARGET void F16(separable_attention)(const ck_f16_separable *head) {
    const ck_tokens *tokens = &head->tokens;
    float *weights = head->scratch;
    const float inverse = 1.0f / ck_softmax_weights(head->q, tokens, weights);
    for (size_t c = 0; c < head->channels; c += 8) {
        const size_t lanes = head->channels - c;
        ck_wide sum = {0};
        for (size_t i = 0; i < tokens->height; i++) {
            const uint16_t *k = head->k + i * tokens->row_stride + c;
            const float *weight = weights + i * tokens->width;
            for (size_t j = 0; j < tokens->width; j++, k += tokens->column_stride)
                sum += __builtin_convertvector(ck_load_some(k, lanes), ck_wide) * weight[j];
        }
        const ck_vector context = __builtin_convertvector(sum * inverse, ck_vector);
        for (size_t i = 0; i < tokens->height; i++) {
            const uint16_t *v = head->v + i * tokens->row_stride + c;
            uint16_t *output = head->output + i * head->output_row_stride + c;
            for (size_t j = 0; j < tokens->width; j++) {
                ck_store_some(output, ck_maximum(ck_load_some(v, lanes), (ck_vector){0}) * context, lanes);
                v += tokens->column_stride;
                output += head->output_column_stride;
            }
        }
    }
}
