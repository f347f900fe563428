#include "../common/f32_math.h"

enum { TILE_M = 6, TILE_N = 8 };

// clang's portable vectors: left to itself it shuffles these small fixed loops instead of broadcasting A.
typedef float f32x4 __attribute__((vector_size(16)));

static inline f32x4 load(const float *from) {
    f32x4 values;
    memcpy(&values, from, sizeof values);
    return values;
}

/// One tile of `rows` x TILE_N; inlined with a constant number of rows, so that the sums stay in registers.
static inline __attribute__((always_inline)) void whole_tile(
    size_t rows, size_t n, size_t k, const float *a, size_t lda, const float *b, const float *bias,
    const float *residual, size_t ldr, float *c, size_t ldc, ck_activation activation) {
    f32x4 sums[TILE_M][2];
    for (size_t i = 0; i < rows; i++) {
        sums[i][0] = bias ? load(bias) : (f32x4){0};
        sums[i][1] = bias ? load(bias + 4) : (f32x4){0};
    }
    for (size_t p = 0; p < k; p++) {
        const f32x4 b0 = load(b + p * n), b1 = load(b + p * n + 4);
        for (size_t i = 0; i < rows; i++) {
            sums[i][0] += a[i * lda + p] * b0;
            sums[i][1] += a[i * lda + p] * b1;
        }
    }
    for (size_t i = 0; i < rows; i++) {
        float row[TILE_N];
        memcpy(row, sums[i], sizeof row);
        ck_activate(row, TILE_N, activation);
        if (residual)
            for (size_t j = 0; j < TILE_N; j++) row[j] += residual[i * ldr + j];
        memcpy(c + i * ldc, row, sizeof row);
    }
}

/// The last columns of a row band, fewer than TILE_N.
static inline __attribute__((always_inline)) void part_tile(
    size_t rows, size_t columns, size_t n, size_t k, const float *a, size_t lda, const float *b, const float *bias,
    const float *residual, size_t ldr, float *c, size_t ldc, ck_activation activation) {
    float sums[TILE_M][TILE_N];
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) sums[i][j] = bias ? bias[j] : 0.0f;
    for (size_t p = 0; p < k; p++) {
        const float *weights = b + p * n;
        for (size_t i = 0; i < rows; i++) {
            const float x = a[i * lda + p];
            for (size_t j = 0; j < columns; j++) sums[i][j] += x * weights[j];
        }
    }
    for (size_t i = 0; i < rows; i++) {
        ck_activate(sums[i], columns, activation);
        if (residual)
            for (size_t j = 0; j < columns; j++) sums[i][j] += residual[i * ldr + j];
        for (size_t j = 0; j < columns; j++) c[i * ldc + j] = sums[i][j];
    }
}

/// All columns of a band of `rows` rows.
static inline __attribute__((always_inline)) void band(
    size_t rows, size_t n, size_t k, const float *a, size_t lda, const float *b, const float *bias,
    const float *residual, size_t ldr, float *c, size_t ldc, ck_activation activation) {
    size_t j = 0;
    for (; j + TILE_N <= n; j += TILE_N)
        whole_tile(
            rows, n, k, a, lda, b + j, bias ? bias + j : NULL, residual ? residual + j : NULL, ldr, c + j, ldc,
            activation);
    if (j < n)
        part_tile(
            rows, n - j, n, k, a, lda, b + j, bias ? bias + j : NULL, residual ? residual + j : NULL, ldr, c + j, ldc,
            activation);
}

void f32_gemm_6x8__scalar(
    size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, const float *bias, const float *residual,
    size_t ldr, float *c, size_t ldc, ck_activation activation) {
    size_t i = 0;
    for (; i + TILE_M <= m; i += TILE_M)
        band(
            TILE_M, n, k, a + i * lda, lda, b, bias, residual ? residual + i * ldr : NULL, ldr, c + i * ldc, ldc,
            activation);
    for (; i < m; i++)
        band(
            1, n, k, a + i * lda, lda, b, bias, residual ? residual + i * ldr : NULL, ldr, c + i * ldc, ldc,
            activation);
}
