#include "qs8_scalar.h"

void qs8_sums__scalar(size_t rows, size_t channels, const int8_t *input, size_t ldi, int32_t *sum, int32_t *squares) {
    for (size_t row = 0; row < rows; row++, input += ldi) {
        for (size_t c = 0; c < channels; c++) {
            const int32_t value = input[c];
            sum[c] += value;
            squares[c] += value * value;
        }
    }
}
