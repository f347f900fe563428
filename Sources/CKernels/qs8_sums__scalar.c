#include "qs8_scalar.h"

void qs8_sums__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int64_t *sum, int64_t *squares) {
    for (size_t row = 0; row < rows; row++) {
        int32_t row_sum = 0, row_squares = 0;
        for (size_t c = 0; c < channels; c++) {
            const int32_t value = input[row * ldi + c];
            row_sum += value;
            row_squares += value * value;
        }
        *sum += row_sum;
        *squares += row_squares;
    }
}
