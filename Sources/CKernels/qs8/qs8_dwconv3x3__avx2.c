#include "qs8_avx2.h"

#if defined(__x86_64__)

// 16 channels at a time, as 16-bit products of pairs of taps: the upper two of a column, and the lower ones of columns
// side by side. Sums come in two vectors: channels 0...3 and 8...11, 4...7 and 12...15. Where 8 channels are left, the
// upper halves are idle.

/// Two taps of 16 channels side by side.
typedef struct {
    __m256i part[2];
} pair;

typedef struct {
    /// The upper two taps of the three columns, the lower ones of the first two, and of none and the third.
    pair weights[5];
    __m256i bias[2];
    ck_shift shift[2];
    ck_lanes lanes;
} prepared;

/// 16 or 8 values.
CK_INLINE CK_AVX2 __m256i load_values(size_t channels, const int8_t *from) {
    return _mm256_cvtepi8_epi16(
        channels == 16 ? _mm_loadu_si128((const __m128i *)from) : _mm_loadl_epi64((const __m128i *)from));
}

CK_INLINE CK_AVX2 pair interleave(__m256i first, __m256i second) {
    return (pair){{_mm256_unpacklo_epi16(first, second), _mm256_unpackhi_epi16(first, second)}};
}

/// The upper two taps of a column, and its lower one.
typedef struct {
    pair upper;
    __m256i lower;
} column;

CK_INLINE CK_AVX2 column load_column(size_t channels, const int8_t *const rows[3], size_t offset) {
    return (column){
        interleave(load_values(channels, rows[0] + offset), load_values(channels, rows[1] + offset)),
        load_values(channels, rows[2] + offset)};
}

CK_INLINE CK_AVX2 __m256i load_parameter(size_t channels, const int16_t *low, const int16_t *high) {
    return channels == 16 ? _mm256_loadu2_m128i((const __m128i *)high, (const __m128i *)low) : ck_load_twice(low);
}

CK_INLINE CK_AVX2 void prepare(
    size_t channels, size_t all, const int8_t *weights, const ck_qs8_channels *p, ck_activation activation,
    prepared *to) {
    const int8_t *const rows[3] = {weights, weights + 3 * all, weights + 6 * all};
    column columns[3];
    for (size_t i = 0; i < 3; i++) {
        columns[i] = load_column(channels, rows, i * all);
        to->weights[i] = columns[i].upper;
    }
    to->weights[3] = interleave(columns[0].lower, columns[1].lower);
    to->weights[4] = interleave(_mm256_setzero_si256(), columns[2].lower);
    const ck_qs8_channels *next = channels == 16 ? p + 1 : p;
    for (size_t i = 0; i < 2; i++) {
        to->bias[i] = _mm256_loadu2_m128i((const __m128i *)next->bias + i, (const __m128i *)p->bias + i);
        to->shift[i] = ck_load_shift(
            _mm256_loadu2_m128i((const __m128i *)next->shift + i, (const __m128i *)p->shift + i));
    }
    to->lanes.gain = load_parameter(channels, p->gain, next->gain);
    if (activation != CK_IDENTITY) to->lanes.zero = load_parameter(channels, p->zero, next->zero);
    if (activation == CK_SILU) {
        to->lanes.tau = load_parameter(channels, p->tau, next->tau);
        to->lanes.dip = _mm256_sub_epi16(_mm256_setzero_si256(), load_parameter(channels, p->dip, next->dip));
        ck_set_lift(&to->lanes, load_parameter(channels, p->lift, next->lift));
    }
}

/// x of a pixel from its columns' upper taps, and the lower ones of its first two and last two columns.
CK_INLINE CK_AVX2 __m256i convolve(
    const pair *first, const pair *second, const pair *third, const pair *lower, const pair *last,
    const prepared *with) {
    __m256i sums[2];
    for (size_t i = 0; i < 2; i++) {
        const __m256i s0 = _mm256_add_epi32(with->bias[i], _mm256_madd_epi16(first->part[i], with->weights[0].part[i]));
        const __m256i s1 = _mm256_add_epi32(s0, _mm256_madd_epi16(second->part[i], with->weights[1].part[i]));
        const __m256i s2 = _mm256_add_epi32(
            _mm256_madd_epi16(third->part[i], with->weights[2].part[i]),
            _mm256_madd_epi16(lower->part[i], with->weights[3].part[i]));
        const __m256i s3 = _mm256_add_epi32(s2, _mm256_madd_epi16(last->part[i], with->weights[4].part[i]));
        sums[i] = ck_shift_sums(_mm256_add_epi32(s1, s3), &with->shift[i]);
    }
    return _mm256_packs_epi32(sums[0], sums[1]);
}

/// Stores one pixel or two.
CK_INLINE CK_AVX2 void store_pixels(
    size_t channels, size_t pixels, size_t all, __m256i x[2], const prepared *with, ck_activation activation,
    const ck_silu_tables *tables, int8_t *output) {
    const ck_lanes *const lanes[2] = {&with->lanes, &with->lanes};
    ck_activate2(x, lanes, activation, tables);
    const __m256i bytes = _mm256_packs_epi16(ck_store_form(x[0]), ck_store_form(x[1]));
    const __m256i ordered = _mm256_permute4x64_epi64(bytes, 0xD8);
    const __m128i stored[2] = {_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1)};
    for (size_t i = 0; i < pixels; i++) {
        if (channels == 16)
            _mm_storeu_si128((__m128i *)(output + i * all), stored[i]);
        else
            _mm_storel_epi64((__m128i *)(output + i * all), stored[i]);
    }
}

/// 16 or 8 of all channels.
CK_INLINE CK_AVX2 void convolve_channels(
    size_t channels, size_t width, size_t all, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, const ck_silu_tables *tables, int8_t *output) {
    prepared with;
    prepare(channels, all, weights, parameters, activation, &with);
    column first = load_column(channels, rows, 0), second = first;
    pair lower = first.upper;
    if (stride == 1) {
        second = load_column(channels, rows, all);
        lower = interleave(first.lower, second.lower);
    }
    __m256i x[2];
    size_t next = stride == 1 ? 2 * all : all;
    for (size_t i = 0; i < width; i++) {
        if (stride == 2) {
            second = load_column(channels, rows, next);
            lower = interleave(first.lower, second.lower);
            next += all;
        }
        const column third = load_column(channels, rows, next);
        const pair last = interleave(second.lower, third.lower);
        next += all;
        x[i % 2] = convolve(&first.upper, &second.upper, &third.upper, &lower, &last, &with);
        if (i % 2 == 1) store_pixels(channels, 2, all, x, &with, activation, tables, output + (i - 1) * all);
        first = stride == 1 ? second : third;
        second = third;
        lower = last;
    }
    if (width % 2 == 1) {
        x[1] = x[0];
        store_pixels(channels, 1, all, x, &with, activation, tables, output + (width - 1) * all);
    }
}

CK_INLINE CK_AVX2 void convolve_row(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, const ck_curve *curve, int8_t *output) {
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
    size_t c = 0;
    for (; c + 8 <= channels; c += 16) {
        const int8_t *const some[3] = {rows[0] + c, rows[1] + c, rows[2] + c};
        if (c + 16 <= channels)
            convolve_channels(
                16, width, channels, stride, some, weights + c, parameters + c / 8, activation, &tables, output + c);
        else
            convolve_channels(
                8, width, channels, stride, some, weights + c, parameters + c / 8, activation, &tables, output + c);
    }
}

CK_AVX2 void qs8_dwconv3x3__avx2(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output) {
    const ck_curve *curve = ck_curve_of(activation);
    // Constants in place of the arguments that decide what code runs.
#define ROW(stride, activation)                                                                                        \
    convolve_row(width, channels, stride, rows, weights, parameters, activation, curve, output)
    if (stride == 1 && curve)
        ROW(1, CK_SILU);
    else if (stride == 1 && activation == CK_RELU)
        ROW(1, CK_RELU);
    else if (stride == 1)
        ROW(1, CK_IDENTITY);
    else if (curve)
        ROW(2, CK_SILU);
    else if (activation == CK_RELU)
        ROW(2, CK_RELU);
    else
        ROW(2, CK_IDENTITY);
#undef ROW
}

#endif
