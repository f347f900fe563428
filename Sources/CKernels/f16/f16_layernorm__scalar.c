#include "f16_scalar.h"

#include <math.h>

void f16_layernorm__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo) {
    for (size_t i = 0; i < rows; i++, input += ldi, output += ldo) {
        float sum = 0.0f, squares = 0.0f;
        for (size_t c = 0; c < channels; c++) sum += ck_f16_to_f32(input[c]);
        const float mean = sum / (float)channels;
        for (size_t c = 0; c < channels; c++) {
            const float distance = ck_f16_to_f32(input[c]) - mean;
            squares += distance * distance;
        }
        const float scale = 1.0f / sqrtf(squares / (float)channels + epsilon);
        for (size_t c = 0; c < channels; c++)
            output[c] = ck_f32_to_f16((ck_f16_to_f32(input[c]) - mean) * scale * gain[c] + shift[c]);
    }
}
