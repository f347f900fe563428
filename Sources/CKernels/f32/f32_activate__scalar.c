#include "../common/f32_math.h"

void f32_activate__scalar(
    size_t rows, size_t channels, const float *input, size_t ldi, ck_activation activation, float *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo)
        for (size_t c = 0; c < channels; c++) output[c] = ck_any_activation(input[c], activation);
}
