#include "qs8_normalise.h"
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
        int16_t gain, shift;
        ck_affine_channels(1, &factor, position->zero + c, &gain, &shift);
        for (size_t n = 0; n < count; n++) {
            const int8_t value = ck_token(position->v, tokens, n)[c];
            position->output
                [n / tokens->width * position->output_row_stride + n % tokens->width * position->output_column_stride +
                 c] = ck_affine(value > 0 ? value : 0, gain, shift);
        }
    }
}
