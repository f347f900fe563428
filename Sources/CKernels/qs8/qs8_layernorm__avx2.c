#define CK_TARGET CK_AVX2
#include "qs8_avx2.h"

#if defined(__x86_64__)

#include "qs8_normalise.h"

CK_INLINE CK_AVX2 int32_t add_lanes(__m256i lanes) {
    const __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    const __m128i pair = _mm_add_epi32(half, _mm_unpackhi_epi64(half, half));
    return _mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 1)));
}

CK_INLINE CK_AVX2 void row_sums(size_t channels, const int8_t *x, int32_t *sum, int32_t *squares) {
    __m256i total = _mm256_setzero_si256(), total_squares = total;
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        const __m256i values = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x + c)));
        total = _mm256_add_epi32(total, _mm256_madd_epi16(values, _mm256_set1_epi16(1)));
        total_squares = _mm256_add_epi32(total_squares, _mm256_madd_epi16(values, values));
    }
    *sum = add_lanes(total);
    *squares = add_lanes(total_squares);
    for (; c < channels; c++) {
        *sum += x[c];
        *squares += x[c] * x[c];
    }
}

/// sat16(x << lift).
CK_INLINE CK_AVX2 __m256i lift_values(__m256i x, __m128i lift) {
    const __m256i lifted = _mm256_sll_epi16(x, lift);
    const __m256i fits = _mm256_cmpeq_epi16(_mm256_sra_epi16(lifted, lift), x);
    return _mm256_blendv_epi8(_mm256_xor_si256(_mm256_srai_epi16(x, 15), _mm256_set1_epi16(32767)), lifted, fits);
}

/// Channels first...first + count of one row.
CK_INLINE CK_AVX2 void normalise_row(
    size_t count, const int8_t *x, const ck_normalisation *row, const int16_t *gains, const int16_t *shifts,
    int8_t *y) {
    const __m256i mean = _mm256_set1_epi16(row->mean), factor = _mm256_set1_epi16(row->factor);
    const __m128i lift = _mm_cvtsi32_si128(row->lift);
    size_t c = 0;
    for (; c + 16 <= count; c += 16) {
        const __m256i q = _mm256_slli_epi16(_mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(x + c))), 7);
        __m256i z = _mm256_mulhrs_epi16(_mm256_subs_epi16(q, mean), factor);
        if (row->lift) z = lift_values(z, lift);
        const __m256i y16 = _mm256_adds_epi16(
            _mm256_mulhrs_epi16(z, _mm256_loadu_si256((const __m256i *)(gains + c))),
            _mm256_loadu_si256((const __m256i *)(shifts + c)));
        // mulh(y, 2048) is (y + 8) >> 4.
        const __m256i rounded = _mm256_mulhrs_epi16(y16, _mm256_set1_epi16(2048));
        _mm_storeu_si128(
            (__m128i *)(y + c), _mm_packs_epi16(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1)));
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (; c < count; c++) y[c] = ck_normalise(x[c], row, gains[c], shifts[c]);
}

#include "qs8_layernorm.h"

CK_AVX2 void qs8_layernorm__avx2(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    normalise_rows(rows, channels, input, ldi, epsilon, gain, shift, output, ldo);
}

#endif
