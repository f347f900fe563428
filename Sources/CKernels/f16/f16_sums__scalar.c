#include "f16_scalar.h"

void f16_sums__scalar(size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < channels; c++) {
            const double value = (double)ck_f16_to_f32(input[i * ldi + c]);
            *sum += value;
            *squares += value * value;
        }
    }
}
