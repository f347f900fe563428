#include "qs8_avx2.h"

#if defined(__x86_64__)

#define CK_TARGET CK_AVX2

enum { GROUP = 2, ENTRY_BYTES = 64, OUTPUTS = 4 };

/// For each channel a pair of 16-bit values: channels 0...3 and 8...11, then the others.
CK_INLINE CK_TARGET void make_entry(const int8_t *columns, size_t distance, int8_t *entry) {
    const __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)columns));
    const __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(columns + distance)));
    _mm256_store_si256((__m256i *)entry, _mm256_unpacklo_epi16(a, b));
    _mm256_store_si256((__m256i *)entry + 1, _mm256_unpackhi_epi16(a, b));
}

/// Of two blocks of channels, as an entry orders them.
CK_INLINE CK_TARGET __m256i load_wide(const int32_t *first, const int32_t *second) {
    return _mm256_loadu2_m128i((const __m128i *)second, (const __m128i *)first);
}

CK_INLINE CK_TARGET void sum_outputs(
    size_t rows, size_t groups, const int8_t *const *entries, size_t step, size_t next, const int8_t *weights,
    const ck_qs8_channels *const p[2], int32_t *sums) {
    __m256i sum[OUTPUTS][2];
    for (size_t x = 0; x < OUTPUTS; x++)
        for (size_t i = 0; i < 2; i++) sum[x][i] = load_wide(p[0]->bias + 4 * i, p[1]->bias + 4 * i);
    for (size_t row = 0; row < rows; row++) {
        const int8_t *at = entries[row];
#pragma clang loop unroll(disable)
        for (size_t group = 0; group < groups; group++, at += next, weights += ENTRY_BYTES) {
            const __m256i *w = (const __m256i *)weights;
#pragma clang loop unroll(full)
            for (size_t x = 0; x < OUTPUTS; x++) {
                const __m256i *entry = (const __m256i *)(at + x * step);
                for (size_t i = 0; i < 2; i++)
                    sum[x][i] = _mm256_add_epi32(sum[x][i], _mm256_madd_epi16(entry[i], w[i]));
            }
        }
    }
    for (size_t x = 0; x < OUTPUTS; x++)
        for (size_t i = 0; i < 2; i++) _mm256_store_si256((__m256i *)(sums + 16 * x) + i, sum[x][i]);
}

CK_INLINE CK_TARGET __m256i load_parameter(const int16_t *first, const int16_t *second) {
    return _mm256_loadu2_m128i((const __m128i *)second, (const __m128i *)first);
}

CK_INLINE CK_TARGET void finish(
    size_t count, size_t lanes, const int32_t *sums, const ck_qs8_channels *const p[2], ck_activation activation,
    const ck_curve *curve, int8_t *output, size_t ldo) {
    ck_lanes with;
    with.gain = load_parameter(p[0]->gain, p[1]->gain);
    if (activation != CK_IDENTITY) with.zero = load_parameter(p[0]->zero, p[1]->zero);
    ck_silu_tables tables;
    if (activation == CK_SILU) {
        tables = ck_load_silu_tables(curve);
        with.tau = load_parameter(p[0]->tau, p[1]->tau);
        with.dip = _mm256_sub_epi16(_mm256_setzero_si256(), load_parameter(p[0]->dip, p[1]->dip));
        ck_set_lift(&with, load_parameter(p[0]->lift, p[1]->lift));
    }
    ck_shift shift[2];
    for (size_t i = 0; i < 2; i++) shift[i] = ck_load_shift(load_wide(p[0]->shift + 4 * i, p[1]->shift + 4 * i));
    const ck_lanes *const both[2] = {&with, &with};
    // Two outputs at a time; a single last one has an idle companion.
    for (size_t x = 0; x < count; x += 2) {
        __m256i v[2];
        for (size_t i = 0; i < 2; i++) {
            const __m256i *sum = (const __m256i *)(sums + 16 * (x + i < count ? x + i : x));
            v[i] = _mm256_packs_epi32(ck_shift_sums(sum[0], &shift[0]), ck_shift_sums(sum[1], &shift[1]));
        }
        ck_activate2(v, both, activation, &tables);
        const __m256i bytes = _mm256_permute4x64_epi64(
            _mm256_packs_epi16(ck_store_form(v[0]), ck_store_form(v[1])), 0xD8);
        const __m128i stored[2] = {_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)};
        for (size_t i = 0; i < 2 && x + i < count; i++) {
            if (lanes == 16)
                _mm_storeu_si128((__m128i *)(output + (x + i) * ldo), stored[i]);
            else
                _mm_storel_epi64((__m128i *)(output + (x + i) * ldo), stored[i]);
        }
    }
}

#include "qs8_dwconv.h"

CK_TARGET void qs8_dwconv__avx2(DWCONV_PARAMETERS) { dwconv(DWCONV_ARGUMENTS); }

#endif
