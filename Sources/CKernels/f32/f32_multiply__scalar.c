#include "CKernels.h"

void f32_multiply__scalar(
    size_t rows, size_t channels, const float *input, size_t ldi, const float *factors, float *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo)
        for (size_t c = 0; c < channels; c++) output[c] = input[c] * factors[c];
}
