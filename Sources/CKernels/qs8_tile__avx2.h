#pragma once

// The GEMM tile of the AVX2 path: 16-bit products of pairs.

#include "qs8_avx2.h"

#if defined(__x86_64__)

enum { TILE_ROWS = 6, WIDE_K = 1024, WIDE_STRIDE = WIDE_K + 16 };

/// Rows of A as 16-bit values, WIDE_STRIDE apart. Rows are read exactly; k is a multiple of 4.
CK_INLINE CK_AVX2 void widen_rows(size_t rows, size_t k, const int8_t *a, size_t lda, int16_t *wide) {
    for (size_t r = 0; r < rows; r++, a += lda, wide += WIDE_STRIDE) {
        size_t p = 0;
        for (; p + 16 <= k; p += 16)
            _mm256_storeu_si256(
                (__m256i *)(wide + p), _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(a + p))));
        if (k & 8) {
            _mm_storeu_si128((__m128i *)(wide + p), _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(a + p))));
            p += 8;
        }
        if (k & 4) {
            _mm_storel_epi64((__m128i *)(wide + p), _mm_cvtepi8_epi16(_mm_loadu_si32(a + p)));
        }
    }
}

/// The sums of `rows` widened rows and 8 packed columns, with columns in the order 0, 1, 4, 5, 2, 3, 6, 7.
CK_INLINE CK_AVX2 void tile(
    size_t rows, size_t k, const int16_t *wide, const int8_t *weights, const int32_t *bias, __m256i sums[]) {
    // Four columns to a vector, two halves of each sum side by side.
    __m256i low[TILE_ROWS], high[TILE_ROWS];
    const __m256i low_bias = _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)bias));
    const __m256i high_bias = _mm256_cvtepu32_epi64(_mm_loadu_si128((const __m128i *)(bias + 4)));
    for (size_t r = 0; r < rows; r++) {
        low[r] = low_bias;
        high[r] = high_bias;
    }
#pragma clang loop unroll_count(2)
    for (const int16_t *end = wide + k; wide < end; wide += 4, weights += 32) {
        const __m256i w0 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)weights));
        const __m256i w1 = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(weights + 16)));
        for (size_t r = 0; r < rows; r++) {
            const __m256i x = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(wide + r * WIDE_STRIDE)));
            low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(x, w0));
            high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(x, w1));
        }
    }
    for (size_t r = 0; r < rows; r++) sums[r] = _mm256_hadd_epi32(low[r], high[r]);
}

#endif
