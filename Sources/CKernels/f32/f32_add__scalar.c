#include "CKernels.h"

void f32_add__scalar(
    size_t rows, size_t channels, const float *a, size_t lda, const float *b, size_t ldb, float *output, size_t ldo) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) output[r * ldo + c] = a[r * lda + c] + b[r * ldb + c];
}
