#include "../common/f32_math.h"

void f32_separable_attention__scalar(
    size_t tokens, size_t channels, const float *qkv, size_t ld, float *output, size_t ldo, float *scratch) {
    float *scores = scratch, *context = scratch + tokens;
    float largest = qkv[0];
    for (size_t t = 1; t < tokens; t++) largest = qkv[t * ld] > largest ? qkv[t * ld] : largest;
    float sum = 0.0f;
    for (size_t t = 0; t < tokens; t++) {
        scores[t] = ck_exp(qkv[t * ld] - largest);
        sum += scores[t];
    }
    memset(context, 0, channels * sizeof(float));
    for (size_t t = 0; t < tokens; t++) {
        const float *key = qkv + t * ld + 1;
        for (size_t c = 0; c < channels; c++) context[c] += key[c] * scores[t];
    }
    const float inverse = 1.0f / sum;
    for (size_t c = 0; c < channels; c++) context[c] *= inverse;
    for (size_t t = 0; t < tokens; t++) {
        const float *value = qkv + t * ld + 1 + channels;
        float *row = output + t * ldo;
        for (size_t c = 0; c < channels; c++) row[c] = (value[c] > 0.0f ? value[c] : 0.0f) * context[c];
    }
}
