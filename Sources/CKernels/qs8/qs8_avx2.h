#pragma once

// What the AVX2 path shares: the rounding of ckernels_qs8.h on vectors.

#include "qs8_scalar.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CK_INLINE static inline __attribute__((always_inline))
#define CK_AVX2 __attribute__((target("avx2,fma,f16c")))

/// What 16 lanes need after their sums are narrowed.
typedef struct {
    __m256i gain, tau, residual_gain, zero;
    /// -dip.
    __m256i dip;
    /// 2^lift, and what is 2^15 when lifted.
    __m256i lift, maximum;
} ck_lanes;

/// The tables of a curve, 16 nodes each. Table i contains the difference (exclusive or) from table i - 1: a look-up at
/// n - 16 i is 0 where that is negative, so that all look-ups at n together give node n.
typedef struct {
    __m256i base[4];
    /// Of its slopes' negatives.
    __m256i slope[4];
} ck_silu_tables;

CK_INLINE CK_AVX2 __m256i ck_load_twice(const void *bytes) {
    return _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes));
}

CK_INLINE CK_AVX2 ck_silu_tables ck_load_silu_tables(const ck_curve *curve) {
    ck_silu_tables tables;
    __m256i base = _mm256_setzero_si256(), slope = base;
    for (int i = 0; i < 4; i++) {
        const __m256i next = ck_load_twice(curve->base + 16 * i);
        tables.base[i] = _mm256_xor_si256(next, base);
        base = next;
        const __m256i steps = _mm256_sub_epi8(_mm256_setzero_si256(), ck_load_twice(curve->slope + 16 * i));
        tables.slope[i] = _mm256_xor_si256(steps, slope);
        slope = steps;
    }
    return tables;
}

/// `lift` as a factor, and its limit. A byte of 1 << lift is one look-up: a negative index gives 0.
CK_INLINE CK_AVX2 void ck_set_lift(ck_lanes *lanes, __m256i lift) {
    const __m256i powers = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0));
    const __m256i twice = _mm256_mullo_epi16(lift, _mm256_set1_epi16(0x0101));
    lanes->lift = _mm256_shuffle_epi8(powers, _mm256_sub_epi16(twice, _mm256_set1_epi16(0x0800)));
    lanes->maximum = _mm256_shuffle_epi8(powers, _mm256_sub_epi16(_mm256_set1_epi16(0x070F), twice));
}

// clang-format off
/// -d(|x|) in 64ths of an output step, see ckernels_qs8.h, for two vectors.
CK_INLINE CK_AVX2 void ck_silu_dip2(
    const __m256i x[2], const ck_lanes *const lanes[2], const ck_silu_tables *tables, __m256i dip[2]) {
    __m256i t[2];
    for (int i = 0; i < 2; i++) {
        // The magnitude of -32768 saturates.
        const __m256i magnitude = _mm256_max_epi16(x[i], _mm256_subs_epi16(_mm256_setzero_si256(), x[i]));
        t[i] = _mm256_min_epi16(_mm256_mulhrs_epi16(magnitude, lanes[i]->tau), _mm256_set1_epi16(4095));
    }
    const __m256i node = _mm256_packus_epi16(_mm256_srli_epi16(t[0], 6), _mm256_srli_epi16(t[1], 6));
    const __m256i mask = _mm256_set1_epi16(63);
    const __m256i fraction = _mm256_packus_epi16(_mm256_and_si256(t[0], mask), _mm256_and_si256(t[1], mask));
    __m256i base = _mm256_shuffle_epi8(tables->base[0], node);
    __m256i slope = _mm256_shuffle_epi8(tables->slope[0], node);
    for (int i = 1; i < 4; i++) {
        const __m256i index = _mm256_sub_epi8(node, _mm256_set1_epi8((char)(16 * i)));
        base = _mm256_xor_si256(base, _mm256_shuffle_epi8(tables->base[i], index));
        slope = _mm256_xor_si256(slope, _mm256_shuffle_epi8(tables->slope[i], index));
    }
    // -r = -slope * fraction - 128 base; 128 itself would not fit a signed byte. Of a constant that it knows, the
    // compiler would interleave in two steps.
    __m256i minimum = _mm256_set1_epi8(-128);
    __asm__("" : "+x"(minimum));
    const __m256i low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(fraction, base), _mm256_unpacklo_epi8(slope, minimum));
    const __m256i high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(fraction, base), _mm256_unpackhi_epi8(slope, minimum));
    dip[0] = _mm256_mulhrs_epi16(low, lanes[0]->dip);
    dip[1] = _mm256_mulhrs_epi16(high, lanes[1]->dip);
}
// clang-format on

/// v of two vectors of x, each with its own lanes. Here and in what calls it CK_SILU stands for GELU too, which is the
/// same code with other tables.
CK_INLINE CK_AVX2 void ck_activate2(
    __m256i x[2], const ck_lanes *const lanes[2], ck_activation activation, const ck_silu_tables *tables) {
    const __m256i zero = _mm256_setzero_si256();
    if (activation != CK_SILU) {
        for (int i = 0; i < 2; i++) {
            x[i] = _mm256_mulhrs_epi16(x[i], lanes[i]->gain);
            if (activation == CK_RELU) x[i] = _mm256_adds_epi16(_mm256_max_epi16(x[i], zero), lanes[i]->zero);
        }
        return;
    }
    __m256i dip[2];
    ck_silu_dip2(x, lanes, tables, dip);
    for (int i = 0; i < 2; i++) {
        const __m256i maximum = _mm256_min_epu16(_mm256_max_epi16(x[i], zero), lanes[i]->maximum);
        const __m256i lifted = _mm256_min_epu16(_mm256_mullo_epi16(maximum, lanes[i]->lift), _mm256_set1_epi16(32767));
        const __m256i v = _mm256_add_epi16(_mm256_mulhrs_epi16(lifted, lanes[i]->gain), dip[i]);
        x[i] = _mm256_adds_epi16(v, lanes[i]->zero);
    }
}

/// What is stored, as 16-bit values: mulh(v, 512) is (v + 32) >> 6.
CK_INLINE CK_AVX2 __m256i ck_store_form(__m256i v) { return _mm256_mulhrs_epi16(v, _mm256_set1_epi16(512)); }

/// How far to shift 8 sums for x in their lower halves.
typedef struct {
    __m256i left, right;
    /// Whether any goes left: then sums saturate first.
    int any_left;
} ck_shift;

CK_INLINE CK_AVX2 ck_shift ck_load_shift(__m256i shift) {
    const __m256i zero = _mm256_setzero_si256();
    shift = _mm256_sub_epi32(shift, _mm256_set1_epi32(16));
    const __m256i left = _mm256_max_epi32(shift, zero);
    return (ck_shift){left, _mm256_max_epi32(_mm256_sub_epi32(zero, shift), zero), !_mm256_testz_si256(left, left)};
}

/// Sums with what goes left shifted. It saturates: what does not fit 16 bits as it is does not afterwards; what goes
/// right must keep its bits.
CK_INLINE CK_AVX2 __m256i ck_shift_left(__m256i sums, const ck_shift *shift) {
    const __m256i maximum = _mm256_srlv_epi32(_mm256_set1_epi32(INT32_MAX), shift->left);
    const __m256i minimum = _mm256_xor_si256(maximum, _mm256_set1_epi32(-1));
    return _mm256_sllv_epi32(_mm256_max_epi32(_mm256_min_epi32(sums, maximum), minimum), shift->left);
}

/// Sums shifted so that saturation to 16 bits gives x.
CK_INLINE CK_AVX2 __m256i ck_shift_sums(__m256i sums, const ck_shift *shift) {
    if (__builtin_expect(shift->any_left, 0)) sums = ck_shift_left(sums, shift);
    return _mm256_srav_epi32(sums, shift->right);
}

/// The affine map of 16 values, see qs8_normalise.h.
CK_INLINE CK_AVX2 __m128i ck_affine16(__m128i q, __m256i gain, __m256i shift) {
    const __m256i scaled = _mm256_mulhrs_epi16(_mm256_slli_epi16(_mm256_cvtepi8_epi16(q), 7), gain);
    // mulh(y, 1024) is (y + 16) >> 5.
    const __m256i y = _mm256_mulhrs_epi16(_mm256_adds_epi16(scaled, shift), _mm256_set1_epi16(1024));
    return _mm_packs_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
}

/// `count` (1...15) bytes, and zeros.
CK_INLINE CK_AVX2 __m128i ck_load_some(const int8_t *from, size_t count) {
    int8_t bytes[16] = {0};
    __builtin_memcpy(bytes, from, count);
    return _mm_loadu_si128((const __m128i *)bytes);
}

#endif
