#include "f16_scalar.h"

void f16_separable_attention__scalar(const ck_f16_separable *head) {
    const ck_tokens *tokens = &head->tokens;
    const size_t count = tokens->height * tokens->width;
    float *weights = head->scratch;
    const float total = ck_softmax_weights(head->q, tokens, weights);
    for (size_t c = 0; c < head->channels; c++) {
        float context = 0.0f;
        for (size_t t = 0; t < count; t++) context += ck_f16_to_f32(ck_token16(head->k, tokens, t)[c]) * weights[t];
        context /= total;
        for (size_t t = 0; t < count; t++) {
            const float value = ck_activated(ck_f16_to_f32(ck_token16(head->v, tokens, t)[c]), CK_RELU);
            head->output
                [t / tokens->width * head->output_row_stride + t % tokens->width * head->output_column_stride + c] =
                ck_f32_to_f16(value * context);
        }
    }
}
