#include "CKernels.h"
#include <string.h>

void f32_mean__scalar(size_t rows, size_t channels, const float *input, size_t ldi, float *output) {
    memset(output, 0, channels * sizeof(float));
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) output[c] += input[r * ldi + c];
    const float inverse = 1.0f / (float)rows;
    for (size_t c = 0; c < channels; c++) output[c] *= inverse;
}
