#include "qs8_avx2.h"

#if defined(__x86_64__)

#include "qs8_separable_attention.h"

/// 16 or 8 bytes.
CK_INLINE CK_AVX2 __m128i load_bytes(size_t channels, const int8_t *from) {
    return channels == 16 ? _mm_loadu_si128((const __m128i *)from) : _mm_loadl_epi64((const __m128i *)from);
}

/// Sums over all tokens of weight times key, for 16 or 8 channels.
CK_INLINE CK_AVX2 void weighted_keys(
    size_t channels, const ck_qs8_separable *position, const uint8_t *weights, size_t c, int32_t sums[16]) {
    const ck_tokens *tokens = &position->tokens;
    // Channels 0...3 and 8...11, 4...7 and 12...15.
    __m256i low = _mm256_setzero_si256(), high = low;
    for (size_t i = 0; i < tokens->height; i++) {
        const int8_t *key = position->k + i * tokens->row_stride + c;
        for (size_t j = 0; j < tokens->width; j += 2, key += 2 * tokens->column_stride) {
            const int both = j + 1 < tokens->width;
            const __m256i first = _mm256_cvtepi8_epi16(load_bytes(channels, key));
            const __m256i second = both ? _mm256_cvtepi8_epi16(load_bytes(channels, key + tokens->column_stride))
                                        : first;
            const __m256i pair = _mm256_set1_epi32(weights[0] | (both ? weights[1] << 16 : 0));
            weights += 1 + both;
            low = _mm256_add_epi32(low, _mm256_madd_epi16(_mm256_unpacklo_epi16(first, second), pair));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(_mm256_unpackhi_epi16(first, second), pair));
        }
    }
    _mm256_storeu_si256((__m256i *)sums, _mm256_permute2x128_si256(low, high, 0x20));
    _mm256_storeu_si256((__m256i *)(sums + 8), _mm256_permute2x128_si256(low, high, 0x31));
}

CK_INLINE CK_AVX2 void attend(
    size_t channels, const ck_qs8_separable *position, const uint8_t *weights, float inverse, size_t c) {
    const ck_tokens *tokens = &position->tokens;
    int32_t sums[16];
    weighted_keys(channels, position, weights, c, sums);
    float factors[16] = {0}, zeros[16] = {0};
    for (size_t i = 0; i < channels; i++) {
        const float context = (float)sums[i] * inverse;
        factors[i] = context * position->gain[c + i];
        zeros[i] = position->zero[c + i];
    }
    int16_t gains[16], shifts[16];
    ck_affine_channels(16, factors, zeros, gains, shifts);
    const __m256i gain = _mm256_loadu_si256((const __m256i *)gains);
    const __m256i shift = _mm256_loadu_si256((const __m256i *)shifts);
    for (size_t i = 0; i < tokens->height; i++) {
        const int8_t *value = position->v + i * tokens->row_stride + c;
        int8_t *output = position->output + i * position->output_row_stride + c;
        for (size_t j = 0; j < tokens->width; j++) {
            const __m128i v = _mm_max_epi8(load_bytes(channels, value), _mm_setzero_si128());
            const __m128i stored = ck_affine16(v, gain, shift);
            if (channels == 16)
                _mm_storeu_si128((__m128i *)output, stored);
            else
                _mm_storel_epi64((__m128i *)output, stored);
            value += tokens->column_stride;
            output += position->output_column_stride;
        }
    }
}

CK_AVX2 void qs8_separable_attention__avx2(const ck_qs8_separable *position) {
    uint8_t *weights = position->scratch;
    const int32_t total = ck_weigh_tokens(position, weights);
    const float inverse = 1.0f / (float)total;
    size_t c = 0;
    for (; c + 16 <= position->channels; c += 16) attend(16, position, weights, inverse, c);
    if (c + 8 <= position->channels) {
        attend(8, position, weights, inverse, c);
        c += 8;
    }
    if (c == position->channels) return;
    ck_qs8_separable rest = *position;
    rest.k += c, rest.v += c, rest.gain += c, rest.zero += c, rest.output += c;
    rest.channels -= c;
    qs8_separable_attention__scalar(&rest);
}

#endif
