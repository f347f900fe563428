#include "qs8_avx2.h"

#if defined(__x86_64__)

CK_INLINE CK_AVX2 __m256i load_values(const int8_t *from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)from));
}

/// Adds lanes of channels 0...3 and 8...11, and of 4...7 and 12...15.
CK_INLINE CK_AVX2 void add_lanes(__m256i low, __m256i high, int32_t *to) {
    __m256i *const first = (__m256i *)to, *const second = (__m256i *)(to + 8);
    _mm256_storeu_si256(first, _mm256_add_epi32(_mm256_loadu_si256(first), _mm256_permute2x128_si256(low, high, 0x20)));
    _mm256_storeu_si256(
        second, _mm256_add_epi32(_mm256_loadu_si256(second), _mm256_permute2x128_si256(low, high, 0x31)));
}

CK_AVX2 void qs8_sums__avx2(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int32_t *sum, int32_t *squares) {
    const __m256i ones = _mm256_set1_epi16(1), zero = _mm256_setzero_si256();
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        __m256i low = zero, high = zero, low_squares = zero, high_squares = zero;
        const int8_t *from = input + c;
        for (size_t row = 0; row < rows; row += 2, from += 2 * ldi) {
            const __m256i x = load_values(from), y = row + 1 < rows ? load_values(from + ldi) : zero;
            const __m256i first = _mm256_unpacklo_epi16(x, y), second = _mm256_unpackhi_epi16(x, y);
            low = _mm256_add_epi32(low, _mm256_madd_epi16(first, ones));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(second, ones));
            low_squares = _mm256_add_epi32(low_squares, _mm256_madd_epi16(first, first));
            high_squares = _mm256_add_epi32(high_squares, _mm256_madd_epi16(second, second));
        }
        add_lanes(low, high, sum + c);
        add_lanes(low_squares, high_squares, squares + c);
    }
    if (c < channels) qs8_sums__scalar(rows, channels - c, input + c, ldi, sum + c, squares + c);
}

#endif
