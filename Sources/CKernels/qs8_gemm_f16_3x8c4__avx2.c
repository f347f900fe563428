#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

CK_INLINE CK_AVX2 void store_values(size_t columns, __m128i halves, uint16_t *c) {
    if (columns >= 8) {
        _mm_storeu_si128((__m128i *)c, halves);
        return;
    }
    uint16_t some[8];
    _mm_storeu_si128((__m128i *)some, halves);
    for (size_t i = 0; i < columns; i++) c[i] = some[i];
}

CK_AVX2 void qs8_gemm_f16_3x8c4__avx2(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc) {
    if (k > MOST_K) {
        qs8_gemm_f16_8x8c4__scalar(rows, n, k, a, lda, weights, channels, c, ldc);
        return;
    }
    ck_band band;
    for (size_t first = 0, some; first < rows; first += some) {
        some = rows - first < band_rows(k) ? rows - first : band_rows(k);
        pack_rows(some, k, a + first * lda, lda, &band);
        for (size_t column = 0; column < n; column += 8) {
            const ck_qs8_values *p = &channels[column / 8];
            band_sums(some, k, weights + column * k, p->bias, &band);
            const __m256 scale = _mm256_loadu_ps(p->scale);
            for (size_t r = 0; r < some; r++)
                store_values(
                    n - column,
                    _mm256_cvtps_ph(
                        _mm256_mul_ps(_mm256_cvtepi32_ps(band.sums[r]), scale), _MM_FROUND_TO_NEAREST_INT),
                    c + (first + r) * ldc + column);
        }
    }
}

#endif
