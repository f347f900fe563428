#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

/// All columns of `rows` rows.
CK_INLINE CK_AVX2 void value_band(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc) {
    int16_t wide[TILE_ROWS * WIDE_STRIDE];
    widen_rows(rows, k, a, lda, wide);
    for (size_t column = 0; column < n; column += 8, channels++) {
        __m256i sums[TILE_ROWS];
        tile(rows, k, wide, weights + column * k, channels->bias, sums);
        const __m256 scale = _mm256_castpd_ps(_mm256_permute4x64_pd(
            _mm256_castps_pd(_mm256_loadu_ps(channels->scale)), 0xD8));
        for (size_t r = 0; r < rows; r++) {
            const __m128i halves = _mm_shuffle_epi32(
                _mm256_cvtps_ph(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[r]), scale), _MM_FROUND_TO_NEAREST_INT), 0xD8);
            uint16_t *to = c + r * ldc + column;
            if (n - column >= 8) {
                _mm_storeu_si128((__m128i *)to, halves);
            } else {
                uint16_t some[8];
                _mm_storeu_si128((__m128i *)some, halves);
                for (size_t i = 0; i < n - column; i++) to[i] = some[i];
            }
        }
    }
}

CK_AVX2 void qs8_gemm_f16_6x8c4__avx2(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc) {
    if (k > WIDE_K) {
        qs8_gemm_f16_8x8c4__scalar(rows, n, k, a, lda, weights, channels, c, ldc);
        return;
    }
    size_t row = 0;
#define BANDS(count)                                                                                               \
    for (; row + (count) <= rows; row += (count))                                                                  \
    value_band(count, n, k, a + row * lda, lda, weights, channels, c + row * ldc, ldc)
    BANDS(6);
    BANDS(4);
    BANDS(2);
    BANDS(1);
#undef BANDS
}

#endif
