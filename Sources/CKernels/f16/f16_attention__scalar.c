#include "f16_scalar.h"

void f16_attention__scalar(const ck_f16_attention *head) {
    const ck_tokens *tokens = &head->tokens;
    const size_t count = tokens->height * tokens->width;
    float *scores = head->scratch;
    for (size_t t = 0; t < count; t++) {
        const uint16_t *q = ck_token16(head->q, tokens, t);
        float largest = -__builtin_inff();
        for (size_t s = 0; s < count; s++) {
            const uint16_t *k = ck_token16(head->k, tokens, s);
            float score = 0.0f;
            for (size_t c = 0; c < head->size; c++) score += ck_f16_to_f32(q[c]) * ck_f16_to_f32(k[c]);
            scores[s] = score * head->scale;
            largest = scores[s] > largest ? scores[s] : largest;
        }
        float total = 0.0f;
        for (size_t s = 0; s < count; s++) {
            scores[s] = ck_exp(scores[s] - largest);
            total += scores[s];
        }
        uint16_t *output = head->output + t / tokens->width * head->output_row_stride +
            t % tokens->width * head->output_column_stride;
        for (size_t c = 0; c < head->size; c++) {
            float sum = 0.0f;
            for (size_t s = 0; s < count; s++) sum += scores[s] * ck_f16_to_f32(ck_token16(head->v, tokens, s)[c]);
            output[c] = ck_f32_to_f16(sum / total);
        }
    }
}
