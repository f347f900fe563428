#include "qs8_scalar.h"

#pragma STDC FP_CONTRACT OFF

void qs8_attention__scalar(const ck_qs8_attention *head) {
    const ck_tokens *tokens = &head->tokens;
    const size_t count = tokens->height * tokens->width;
    int16_t *scores = head->scratch;
    for (size_t query = 0; query < count; query++) {
        const int8_t *q = ck_token(head->q, tokens, query);
        int32_t largest = -32768;
        for (size_t y = 0, key = 0; y < tokens->height; y++) {
            const int8_t *k = head->k + y * tokens->row_stride;
            for (size_t x = 0; x < tokens->width; x++, key++, k += tokens->column_stride) {
                int32_t product = 0;
                for (size_t c = 0; c < head->size; c++) product += q[c] * ck_clamp(k[c], -63, 63);
                const int32_t score = ck_score(product, head->multiplier);
                if (score > largest) largest = score;
                scores[key] = (int16_t)score;
            }
        }
        int32_t total = 0;
        for (size_t key = 0; key < count; key++) {
            const uint8_t weight = ck_exp2_weight(largest - scores[key]);
            scores[key] = weight;
            total += weight;
        }
        const float inverse = 1.0f / (float)total;
        int8_t *output = head->output + query / tokens->width * head->output_row_stride +
            query % tokens->width * head->output_column_stride;
        for (size_t c = 0; c < head->size; c++) {
            int32_t sum = 0;
            for (size_t y = 0, key = 0; y < tokens->height; y++) {
                const int8_t *v = head->v + y * tokens->row_stride + c;
                for (size_t x = 0; x < tokens->width; x++, key++, v += tokens->column_stride)
                    sum += scores[key] * ck_clamp(*v, -63, 63);
            }
            const float mean = (float)sum * inverse, scaled = mean * head->gain[c];
            output[c] = ck_round_to_s8(scaled + head->zero[c]);
        }
    }
}
