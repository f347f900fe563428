#include "qs8_normalise.h"
#include "qs8_scalar.h"

void qs8_affine__scalar(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    for (size_t c = 0; c < channels; c++) {
        int16_t gains, shifts;
        ck_affine_channels(1, gain + c, shift + c, &gains, &shifts);
        for (size_t row = 0; row < rows; row++) output[row * ldo + c] = ck_affine(input[row * ldi + c], gains, shifts);
    }
}
