#include "qs8_avx2.h"

#if defined(__x86_64__)

CK_INLINE CK_AVX2 int64_t add_lanes(__m256i lanes) {
    const __m256i wide = _mm256_add_epi64(
        _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes)),
        _mm256_cvtepi32_epi64(_mm256_extracti128_si256(lanes, 1)));
    const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    return _mm_cvtsi128_si64(_mm_add_epi64(half, _mm_unpackhi_epi64(half, half)));
}

CK_AVX2 void qs8_sums__avx2(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int64_t *sum, int64_t *squares) {
    // 32-bit lanes take 2^15 from a vector.
    const size_t most_rows = 32768 / (channels / 16 + 1) + 1;
    for (size_t row = 0; row < rows; row += most_rows) {
        const size_t end = rows - row < most_rows ? rows : row + most_rows;
        __m256i total = _mm256_setzero_si256(), total_squares = total;
        for (size_t i = row; i < end; i++, input += ldi) {
            size_t c = 0;
            for (; c + 16 <= channels; c += 16) {
                const __m256i x = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(input + c)));
                total = _mm256_add_epi32(total, _mm256_madd_epi16(x, _mm256_set1_epi16(1)));
                total_squares = _mm256_add_epi32(total_squares, _mm256_madd_epi16(x, x));
            }
            for (; c < channels; c++) {
                *sum += input[c];
                *squares += input[c] * input[c];
            }
        }
        *sum += add_lanes(total);
        *squares += add_lanes(total_squares);
    }
}

#endif
