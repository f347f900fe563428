#include "qs8_scalar.h"

#pragma STDC FP_CONTRACT OFF

void qs8_separable_attention__scalar(const ck_qs8_separable *position) {
    const ck_tokens *tokens = &position->tokens;
    const size_t count = tokens->height * tokens->width;
    int32_t largest = -32768;
    for (size_t n = 0; n < count; n++) {
        const int32_t score = ck_score(256 * *ck_token(position->q, tokens, n), position->multiplier);
        if (score > largest) largest = score;
    }
    uint8_t *weights = position->scratch;
    int32_t total = 0;
    for (size_t n = 0; n < count; n++) {
        const int32_t score = ck_score(256 * *ck_token(position->q, tokens, n), position->multiplier);
        weights[n] = ck_exp2_weight(largest - score);
        total += weights[n];
    }
    const float inverse = 1.0f / (float)total;
    for (size_t c = 0; c < position->channels; c++) {
        int32_t sum = 0;
        for (size_t n = 0; n < count; n++) sum += weights[n] * ck_token(position->k, tokens, n)[c];
        const float context = (float)sum * inverse, factor = context * position->gain[c];
        for (size_t n = 0; n < count; n++) {
            const int8_t value = ck_token(position->v, tokens, n)[c];
            const float product = (float)(value > 0 ? value : 0) * factor;
            position->output[n / tokens->width * position->output_row_stride +
                             n % tokens->width * position->output_column_stride + c] =
                ck_round_to_s8(product + position->zero[c]);
        }
    }
}
