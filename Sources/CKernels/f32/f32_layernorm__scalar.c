#include "CKernels.h"
#include <math.h>

void f32_layernorm__scalar(
    size_t rows, size_t channels, const float *input, size_t ldi, const float *gain, const float *shift, float epsilon,
    float *output, size_t ldo) {
    for (size_t r = 0; r < rows; r++) {
        const float *x = input + r * ldi;
        float *y = output + r * ldo;
        float sum = 0.0f;
        for (size_t c = 0; c < channels; c++) sum += x[c];
        const float mean = sum / (float)channels;
        // Squares of differences, not a difference of squares: the latter cancels for rows far from zero.
        float squares = 0.0f;
        for (size_t c = 0; c < channels; c++) squares += (x[c] - mean) * (x[c] - mean);
        const float scale = 1.0f / sqrtf(squares / (float)channels + epsilon);
        for (size_t c = 0; c < channels; c++) y[c] = (x[c] - mean) * scale * gain[c] + shift[c];
    }
}
