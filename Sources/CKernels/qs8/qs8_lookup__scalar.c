#include "qs8_scalar.h"

void qs8_lookup__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const int8_t *tables, size_t stride, int8_t *output,
    size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo)
        for (size_t c = 0; c < channels; c++) output[c] = tables[c * stride + (size_t)(input[c] + 128)];
}
