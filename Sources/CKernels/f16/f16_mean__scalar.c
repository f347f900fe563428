#include "f16_scalar.h"

void f16_mean__scalar(size_t rows, size_t channels, const uint16_t *input, size_t ldi, uint16_t *output) {
    for (size_t c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (size_t i = 0; i < rows; i++) sum += ck_f16_to_f32(input[i * ldi + c]);
        output[c] = ck_f32_to_f16(sum / (float)rows);
    }
}
