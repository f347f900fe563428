#include "f16_scalar.h"

// Kept small: on the frame's hot path such work is part of a fast kernel.
void f16_activate__scalar(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, ck_activation activation, uint16_t *output,
    size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo)
#pragma clang loop vectorize(disable) unroll(disable)
        for (size_t c = 0; c < channels; c++)
            output[c] = ck_f32_to_f16(ck_any_activation(ck_f16_to_f32(input[c]), activation));
}
