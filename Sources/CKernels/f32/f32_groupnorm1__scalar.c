#include "CKernels.h"
#include <math.h>

void f32_groupnorm1__scalar(
    size_t rows, size_t channels, const float *input, size_t ldi, const float *gain, const float *shift, float epsilon,
    float *output, size_t ldo, size_t first, size_t last) {
    // Totals in double: a map has up to 10^6 values, too many for a float sum.
    double sum = 0.0;
    for (size_t r = 0; r < rows; r++) {
        float row = 0.0f;
        for (size_t c = 0; c < channels; c++) row += input[r * ldi + c];
        sum += row;
    }
    const double count = (double)rows * (double)channels;
    const float mean = (float)(sum / count);
    double squares = 0.0;
    for (size_t r = 0; r < rows; r++) {
        float row = 0.0f;
        for (size_t c = 0; c < channels; c++) {
            const float difference = input[r * ldi + c] - mean;
            row += difference * difference;
        }
        squares += row;
    }
    const float scale = (float)(1.0 / sqrt(squares / count + (double)epsilon));
    for (size_t r = first; r < last; r++)
        for (size_t c = 0; c < channels; c++)
            output[r * ldo + c] = (input[r * ldi + c] - mean) * scale * gain[c] + shift[c];
}
