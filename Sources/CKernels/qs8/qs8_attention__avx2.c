#include "qs8_avx2.h"

#if defined(__x86_64__)

// Queries are stored plus 128, which makes them unsigned; keys and values within -63...63 then let a pair of products
// fit 16 bits, and so do weights and values. Four queries meet 16 keys at a time. The 11 bits of the multiplier are part
// of the products, which costs nothing: pairs are multiplied by something in any case to be added.
//
// Scores of 16 keys are packed in the order 0...3, 8...11, 4...7, 12...15. Their weights stay in it, and values are
// packed so that they meet.

enum {
    QUERIES = 4,
    /// With more channels, products and multipliers of 11 bits would not fit 32 bits.
    MAX_SIZE = 64,
};

static const uint8_t slot_tokens[16] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};

/// Parts of the scratch memory; `padded` tokens are a multiple of 16.
typedef struct {
    size_t count, padded, size, blocks;
    int8_t *keys, *values;
    uint8_t *queries, *weights;
    int16_t *scores;
    /// A score is (product * factor + half) >> shift.
    __m256i factor, half;
    __m128i shift;
    /// For each key `half` less 128 times the factor times the sum of its values: that makes up for queries being stored
    /// plus 128.
    int32_t *start;
} workspace;

/// Values of -63...63 from `count` bytes: 4, 8 or 16.
CK_INLINE CK_AVX2 __m128i load_clamped(const int8_t *from, size_t count) {
    const __m128i values = count == 4 ? _mm_loadu_si32(from)
        : count == 8                  ? _mm_loadl_epi64((const __m128i *)from)
                                      : _mm_loadu_si128((const __m128i *)from);
    return _mm_max_epi8(_mm_min_epi8(values, _mm_set1_epi8(63)), _mm_set1_epi8(-63));
}

/// Adds `factor` times the products.
CK_INLINE CK_AVX2 __m256i add_dot(__m256i sum, __m256i unsigned_values, __m256i signed_values, __m256i factor) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(unsigned_values, signed_values), factor));
}

/// K as [padded / 8][size / 4][8 keys][4].
CK_INLINE CK_AVX2 void pack_keys(const ck_qs8_attention *head, const workspace *w) {
    __builtin_memset(w->keys + (w->padded - 16) * w->size, 0, 16 * w->size);
    for (size_t n = 0; n < w->count; n++) {
        const int8_t *key = ck_token(head->k, &head->tokens, n);
        int8_t *to = w->keys + n / 8 * 8 * w->size + n % 8 * 4;
        for (size_t c = 0; c < w->size; c += 4) _mm_storeu_si32(to + 8 * c, load_clamped(key + c, 4));
    }
    for (size_t n = 0; n < w->padded; n += 8) {
        __m256i sum = _mm256_setzero_si256();
        for (size_t c = 0; c < w->size; c += 4)
            sum = add_dot(
                sum, _mm256_set1_epi8(-128), _mm256_loadu_si256((const __m256i *)(w->keys + n * w->size + 8 * c)),
                w->factor);
        _mm256_storeu_si256((__m256i *)(w->start + n), _mm256_sub_epi32(w->half, sum));
    }
}

/// V as [size / 8][padded / 4][8 channels][4 slots].
CK_INLINE CK_AVX2 void pack_values(const ck_qs8_attention *head, const workspace *w) {
    for (size_t n = 0; n < w->padded; n += 4) {
        const int8_t *tokens[4];
        for (size_t i = 0; i < 4; i++) {
            const size_t token = n / 16 * 16 + slot_tokens[n % 16 + i];
            tokens[i] = token < w->count ? ck_token(head->v, &head->tokens, token) : NULL;
        }
        for (size_t c = 0; c < w->size; c += 8) {
            const size_t channels = w->size - c < 8 ? 4 : 8;
            __m128i x[4];
            for (size_t i = 0; i < 4; i++)
                x[i] = tokens[i] ? load_clamped(tokens[i] + c, channels) : _mm_setzero_si128();
            const __m128i low = _mm_unpacklo_epi8(x[0], x[1]), high = _mm_unpacklo_epi8(x[2], x[3]);
            __m128i *to = (__m128i *)(w->values + c * w->padded + 8 * n);
            _mm_storeu_si128(to, _mm_unpacklo_epi16(low, high));
            _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(low, high));
        }
    }
}

/// The scores of the packed queries and the 16 keys from n on.
CK_INLINE CK_AVX2 void score_keys(const workspace *w, size_t n, __m256i scores[QUERIES]) {
    const int8_t *keys = w->keys + n * w->size;
    __m256i sums[QUERIES][2];
    for (size_t r = 0; r < QUERIES; r++) {
        sums[r][0] = _mm256_loadu_si256((const __m256i *)(w->start + n));
        sums[r][1] = _mm256_loadu_si256((const __m256i *)(w->start + n + 8));
    }
    for (size_t c = 0; c < w->size; c += 4) {
        const __m256i k0 = _mm256_loadu_si256((const __m256i *)(keys + 8 * c));
        const __m256i k1 = _mm256_loadu_si256((const __m256i *)(keys + 8 * (w->size + c)));
        for (size_t r = 0; r < QUERIES; r++) {
            const __m256i q = _mm256_broadcastd_epi32(_mm_loadu_si32(w->queries + QUERIES * c + 4 * r));
            sums[r][0] = add_dot(sums[r][0], q, k0, w->factor);
            sums[r][1] = add_dot(sums[r][1], q, k1, w->factor);
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < QUERIES; r++) {
        scores[r] = _mm256_packs_epi32(_mm256_sra_epi32(sums[r][0], w->shift), _mm256_sra_epi32(sums[r][1], w->shift));
        _mm256_storeu_si256((__m256i *)(w->scores + r * w->padded + n), scores[r]);
    }
}

/// The scores of the packed queries and all keys, and the largest of each query.
CK_INLINE CK_AVX2 void score_queries(const workspace *w, int16_t largest[QUERIES]) {
    __m256i maximum[QUERIES], scores[QUERIES];
    for (size_t r = 0; r < QUERIES; r++) maximum[r] = _mm256_set1_epi16(-32768);
    size_t n = 0;
    for (; n + 16 <= w->count; n += 16) {
        score_keys(w, n, scores);
        for (size_t r = 0; r < QUERIES; r++) maximum[r] = _mm256_max_epi16(maximum[r], scores[r]);
    }
    if (n < w->count) {
        score_keys(w, n, scores);
        // Slots beyond the last key do not count.
        const __m256i tokens = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)slot_tokens));
        const __m256i exists = _mm256_cmpgt_epi16(_mm256_set1_epi16((int16_t)(w->count - n)), tokens);
        for (size_t r = 0; r < QUERIES; r++)
            maximum[r] = _mm256_max_epi16(maximum[r], _mm256_blendv_epi8(_mm256_set1_epi16(-32768), scores[r], exists));
    }
    for (size_t r = 0; r < QUERIES; r++) {
        const __m128i half = _mm_max_epi16(_mm256_castsi256_si128(maximum[r]), _mm256_extracti128_si256(maximum[r], 1));
        const __m128i inverted = _mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(32767)));
        largest[r] = (int16_t)(_mm_extract_epi16(inverted, 0) ^ 32767);
    }
}

/// ck_exp2_table in two parts: entry 16 h + l is fraction[l] * (128 >> h) / 2^15, rounded to nearest.
typedef struct {
    /// Bytes of the fraction, and 128 >> h.
    __m256i low, high, power;
} exp2_tables;

CK_INLINE CK_AVX2 exp2_tables load_exp2_tables(void) {
    // 65280 * 2^(-l / 16).
    static const uint16_t fractions[16] = {65280, 62512, 59862, 57324, 54894, 52566, 50338, 48204,
                                           46160, 44203, 42329, 40534, 38816, 37170, 35594, 34085};
    const __m128i first = _mm_loadu_si128((const __m128i *)fractions);
    const __m128i second = _mm_loadu_si128((const __m128i *)fractions + 1), bytes = _mm_set1_epi16(255);
    return (exp2_tables){
        _mm256_broadcastsi128_si256(_mm_packus_epi16(_mm_and_si128(first, bytes), _mm_and_si128(second, bytes))),
        _mm256_broadcastsi128_si256(_mm_packus_epi16(_mm_srli_epi16(first, 8), _mm_srli_epi16(second, 8))),
        _mm256_broadcastsi128_si256(_mm_setr_epi8(-128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0))};
}

/// Weights of 32 scores, from their distances to the largest.
CK_INLINE CK_AVX2 __m256i look_up(__m256i distance, const exp2_tables *tables) {
    const __m256i octave = _mm256_and_si256(_mm256_srli_epi16(distance, 4), _mm256_set1_epi8(15));
    const __m256i power = _mm256_shuffle_epi8(tables->power, octave), zero = _mm256_setzero_si256();
    // Distances of 128 or more find 0.
    const __m256i low = _mm256_shuffle_epi8(tables->low, distance), high = _mm256_shuffle_epi8(tables->high, distance);
    const __m256i first = _mm256_mulhi_epu16(_mm256_unpacklo_epi8(low, high), _mm256_unpacklo_epi8(zero, power));
    const __m256i second = _mm256_mulhi_epu16(_mm256_unpackhi_epi8(low, high), _mm256_unpackhi_epi8(zero, power));
    // mulh(x, 256) is (x + 64) >> 7.
    const __m256i factor = _mm256_set1_epi16(256);
    return _mm256_packus_epi16(_mm256_mulhrs_epi16(first, factor), _mm256_mulhrs_epi16(second, factor));
}

/// The weights of one query. Returns their sum.
CK_INLINE CK_AVX2 int32_t
weigh(const workspace *w, const int16_t *scores, int16_t largest, const exp2_tables *tables, uint8_t *weights) {
    const __m256i maximum = _mm256_set1_epi16(largest);
    __m256i total = _mm256_setzero_si256();
    for (size_t n = 0; n < w->padded; n += 32) {
        const int whole = n + 32 <= w->padded;
        const __m256i first = _mm256_loadu_si256((const __m256i *)(scores + n));
        const __m256i second = whole ? _mm256_loadu_si256((const __m256i *)(scores + n + 16)) : first;
        const __m256i distance = _mm256_packus_epi16(
            _mm256_subs_epi16(maximum, first), _mm256_subs_epi16(maximum, second));
        __m256i found = _mm256_permute4x64_epi64(look_up(distance, tables), 0xD8);
        if (n + 32 > w->count) {
            // Slots beyond the last token weigh nothing.
            const __m256i tokens = _mm256_add_epi8(
                _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)slot_tokens)),
                _mm256_setr_m128i(_mm_setzero_si128(), _mm_set1_epi8(16)));
            found = _mm256_and_si256(found, _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(w->count - n)), tokens));
        }
        total = _mm256_add_epi64(total, _mm256_sad_epu8(found, _mm256_setzero_si256()));
        if (whole)
            _mm256_storeu_si256((__m256i *)(weights + n), found);
        else
            _mm_storeu_si128((__m128i *)(weights + n), _mm256_castsi256_si128(found));
    }
    const __m128i sum = _mm_add_epi64(_mm256_castsi256_si128(total), _mm256_extracti128_si256(total, 1));
    return _mm_cvtsi128_si32(_mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum)));
}

/// The weighted sums of `blocks` (1...3) blocks of values for the packed queries' weights.
CK_INLINE CK_AVX2 void weigh_values(size_t blocks, const workspace *w, const int8_t *values, __m256i sums[QUERIES][3]) {
    for (size_t r = 0; r < QUERIES; r++)
        for (size_t b = 0; b < blocks; b++) sums[r][b] = _mm256_setzero_si256();
    const __m256i ones = _mm256_set1_epi16(1);
    for (size_t n = 0; n < w->padded; n += 4) {
        for (size_t r = 0; r < QUERIES; r++) {
            const __m256i weight = _mm256_broadcastd_epi32(_mm_loadu_si32(w->weights + r * w->padded + n));
            for (size_t b = 0; b < blocks; b++) {
                const __m256i value = _mm256_loadu_si256((const __m256i *)(values + 8 * (b * w->padded + n)));
                sums[r][b] = _mm256_add_epi32(sums[r][b], _mm256_madd_epi16(_mm256_maddubs_epi16(weight, value), ones));
            }
        }
    }
}

/// Stores blocks of output channels from c on for queries `first`...
CK_INLINE CK_AVX2 void finish(
    const ck_qs8_attention *head, const workspace *w, size_t first, size_t c, size_t blocks,
    const float inverses[QUERIES], __m256i sums[QUERIES][3]) {
    for (size_t b = 0; b < blocks; b++, c += 8) {
        const size_t channels = w->size - c < 8 ? w->size - c : 8;
        float gain[8] = {0}, zero[8] = {0};
        __builtin_memcpy(gain, head->gain + c, channels * sizeof *gain);
        __builtin_memcpy(zero, head->zero + c, channels * sizeof *zero);
        const __m256 gains = _mm256_loadu_ps(gain), zeros = _mm256_loadu_ps(zero);
        for (size_t r = 0; r < QUERIES && first + r < w->count; r++) {
            const __m256 mean = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[r][b]), _mm256_set1_ps(inverses[r]));
            const __m256 value = _mm256_add_ps(_mm256_mul_ps(mean, gains), zeros);
            // The operands' order lets NaN through, which converts to the smallest integer.
            const __m256i integers = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(127.0f), value));
            const __m128i words = _mm_packs_epi32(
                _mm256_castsi256_si128(integers), _mm256_extracti128_si256(integers, 1));
            const __m128i bytes = _mm_packs_epi16(words, words);
            const size_t query = first + r, width = head->tokens.width;
            int8_t *to = head->output + query / width * head->output_row_stride +
                query % width * head->output_column_stride + c;
            if (channels == 8)
                _mm_storel_epi64((__m128i *)to, bytes);
            else
                _mm_storeu_si32(to, bytes);
        }
    }
}

/// The queries from `first` on plus 128, as [size / 4][QUERIES][4]. Where fewer are left, the first one fills up.
CK_INLINE CK_AVX2 void load_queries(const ck_qs8_attention *head, const workspace *w, size_t first) {
    for (size_t r = 0; r < QUERIES; r++) {
        const int8_t *q = ck_token(head->q, &head->tokens, first + r < w->count ? first + r : first);
        for (size_t c = 0; c < w->size; c += 4)
            _mm_storeu_si32(
                w->queries + QUERIES * c + 4 * r, _mm_xor_si128(_mm_loadu_si32(q + c), _mm_set1_epi8(-128)));
    }
}

CK_AVX2 void qs8_attention__avx2(const ck_qs8_attention *head) {
    const int trailing = head->multiplier == 0 ? 0 : __builtin_ctz((unsigned)head->multiplier);
    if (head->size > MAX_SIZE || head->multiplier >> trailing > 2047) {
        qs8_attention__scalar(head);
        return;
    }
    const size_t count = head->tokens.height * head->tokens.width, padded = ck_round_up(count, 16);
    workspace w = {.count = count, .padded = padded, .size = head->size, .blocks = (head->size + 7) / 8};
    w.keys = head->scratch;
    w.values = w.keys + padded * w.size;
    w.start = (int32_t *)(w.values + padded * 8 * w.blocks);
    w.scores = (int16_t *)(w.start + padded);
    w.weights = (uint8_t *)(w.scores + QUERIES * padded);
    w.queries = w.weights + QUERIES * padded;
    w.factor = _mm256_set1_epi16((int16_t)(head->multiplier >> trailing));
    w.half = _mm256_set1_epi32(1 << (30 - trailing));
    w.shift = _mm_cvtsi32_si128(31 - trailing);
    pack_keys(head, &w);
    pack_values(head, &w);
    const exp2_tables tables = load_exp2_tables();
    for (size_t first = 0; first < count; first += QUERIES) {
        load_queries(head, &w, first);
        int16_t largest[QUERIES];
        score_queries(&w, largest);
        float inverses[QUERIES];
        for (size_t r = 0; r < QUERIES; r++)
            inverses[r] = 1.0f / (float)weigh(&w, w.scores + r * padded, largest[r], &tables, w.weights + r * padded);
        __m256i sums[QUERIES][3];
#define BLOCKS(count)                                                                                                  \
    for (; block + (count) <= w.blocks; block += (count)) {                                                            \
        weigh_values(count, &w, w.values + 8 * block * padded, sums);                                                  \
        finish(head, &w, first, 8 * block, count, inverses, sums);                                                     \
    }
        size_t block = 0;
        BLOCKS(3)
        BLOCKS(2)
        BLOCKS(1)
#undef BLOCKS
    }
}

#endif
