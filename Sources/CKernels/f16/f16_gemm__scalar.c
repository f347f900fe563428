#include "f16_scalar.h"

void f16_gemm__scalar(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc) {
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < n; j++) {
            float sum = bias ? bias[j] : 0.0f;
            for (size_t p = 0; p < k; p++) sum += ck_f16_to_f32(a[i * lda + p]) * ck_f16_to_f32(b[p * n + j]);
            sum = ck_activated(sum, activation);
            if (residual) sum += ck_f16_to_f32(residual[i * ldr + j]);
            c[i * ldc + j] = ck_f32_to_f16(sum);
        }
    }
}
