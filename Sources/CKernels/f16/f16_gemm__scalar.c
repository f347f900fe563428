#include "f16_scalar.h"

enum { ROWS = 4, COLUMNS = 32 };

static size_t at_most(size_t count, size_t limit) { return count < limit ? count : limit; }

// By blocks, so that a weight is widened once for several rows: emulated processors run whole networks with this.
void f16_gemm__scalar(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc) {
    for (size_t i = 0; i < rows; i += ROWS) {
        const size_t height = at_most(rows - i, ROWS);
        for (size_t j = 0; j < n; j += COLUMNS) {
            const size_t width = at_most(n - j, COLUMNS);
            float sums[ROWS][COLUMNS], weights[COLUMNS];
            for (size_t y = 0; y < height; y++) {
                for (size_t x = 0; x < width; x++) sums[y][x] = bias ? bias[j + x] : 0.0f;
            }
            for (size_t p = 0; p < k; p++) {
                for (size_t x = 0; x < width; x++) weights[x] = ck_f16_to_f32(b[p * n + j + x]);
                for (size_t y = 0; y < height; y++) {
                    const float value = ck_f16_to_f32(a[(i + y) * lda + p]);
                    for (size_t x = 0; x < width; x++) sums[y][x] += value * weights[x];
                }
            }
            for (size_t y = 0; y < height; y++) {
                for (size_t x = 0; x < width; x++) {
                    float sum = ck_activated(sums[y][x], activation);
                    if (residual) sum += ck_f16_to_f32(residual[(i + y) * ldr + j + x]);
                    c[(i + y) * ldc + j + x] = ck_f32_to_f16(sum);
                }
            }
        }
    }
}
