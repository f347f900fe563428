#include "../common/f32_math.h"

void f32_attention__scalar(
    size_t tokens, size_t size, const float *q, const float *k, const float *v, size_t ld, float scale, float *output,
    size_t ldo, float *scratch) {
    // Transposed keys make the scores of one query a sum of whole rows, which vectorises over the tokens.
    float *keys = scratch, *scores = scratch + size * tokens;
    for (size_t t = 0; t < tokens; t++)
        for (size_t c = 0; c < size; c++) keys[c * tokens + t] = k[t * ld + c];

    for (size_t t = 0; t < tokens; t++) {
        memset(scores, 0, tokens * sizeof(float));
        for (size_t c = 0; c < size; c++) {
            const float x = q[t * ld + c] * scale;
            const float *key = keys + c * tokens;
            for (size_t s = 0; s < tokens; s++) scores[s] += x * key[s];
        }
        float largest = scores[0];
        for (size_t s = 1; s < tokens; s++) largest = scores[s] > largest ? scores[s] : largest;
        for (size_t s = 0; s < tokens; s++) scores[s] = ck_exp(scores[s] - largest);
        float sum = 0.0f;
        for (size_t s = 0; s < tokens; s++) sum += scores[s];

        float *row = output + t * ldo;
        memset(row, 0, size * sizeof(float));
        for (size_t s = 0; s < tokens; s++)
            for (size_t c = 0; c < size; c++) row[c] += scores[s] * v[s * ld + c];
        const float inverse = 1.0f / sum;
        for (size_t c = 0; c < size; c++) row[c] *= inverse;
    }
}
