#pragma once

// Vectors of the paths that store half precision and compute in single precision: 8 lanes. A path's header defines
// CK_TARGET and the tile's shape first.

#include "f16_scalar.h"

#if defined(__arm__)
#include "../common/neon32.h"
#endif

#define CK_INLINE static inline __attribute__((always_inline)) CK_TARGET

typedef float ck_scalar;
typedef float ck_vector __attribute__((vector_size(32)));
typedef ck_vector ck_wide;
typedef _Float16 ck_half8 __attribute__((vector_size(16)));
typedef int32_t ck_integers __attribute__((vector_size(32)));

enum { GEMM_PART = 1 << 30, WEIGHTS_PART = 1 << 30 };

CK_INLINE ck_vector ck_load(const ck_scalar *from) {
    ck_vector v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

CK_INLINE void ck_store(ck_scalar *to, ck_vector v) { __builtin_memcpy(to, &v, sizeof v); }

#if defined(__arm__)

// The compiler would take vectors apart to convert them, to divide them and for the larger of two.

CK_INLINE ck_vector ck_load_half(const uint16_t *from) {
    const uint16x8_t halves = vld1q_u16(from);
    const float32x4_t parts[2] = {
        vcvt_f32_f16(vreinterpret_f16_u16(vget_low_u16(halves))),
        vcvt_f32_f16(vreinterpret_f16_u16(vget_high_u16(halves)))};
    ck_vector v;
    __builtin_memcpy(&v, parts, sizeof v);
    return v;
}

CK_INLINE void ck_store_half(uint16_t *to, ck_vector v) {
    float32x4_t parts[2];
    __builtin_memcpy(parts, &v, sizeof v);
    vst1q_u16(to, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(parts[0]), parts[1])));
}

// Of a number and a NaN both choose the number, as elsewhere.

CK_INLINE ck_vector ck_maximum(ck_vector a, ck_vector b) {
    const ck_integers chosen = (a > b) | (b != b);
    return (ck_vector)((chosen & (ck_integers)a) | (~chosen & (ck_integers)b));
}

CK_INLINE ck_vector ck_minimum(ck_vector a, ck_vector b) { return -ck_maximum(-a, -b); }

/// a / b for b of 2^-126...2^125, to within the last two bits.
CK_INLINE ck_vector ck_quotient(ck_vector a, ck_vector b) {
    float32x4_t parts[2];
    __builtin_memcpy(parts, &b, sizeof b);
    for (int i = 0; i < 2; i++) {
        float32x4_t inverse = vrecpeq_f32(parts[i]);
        inverse = vmulq_f32(inverse, vrecpsq_f32(parts[i], inverse));
        parts[i] = vmulq_f32(inverse, vrecpsq_f32(parts[i], inverse));
    }
    ck_vector inverse;
    __builtin_memcpy(&inverse, parts, sizeof inverse);
    return a * inverse;
}

#else

CK_INLINE ck_vector ck_load_half(const uint16_t *from) {
    ck_half8 v;
    __builtin_memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, ck_vector);
}

CK_INLINE void ck_store_half(uint16_t *to, ck_vector v) {
    const ck_half8 half = __builtin_convertvector(v, ck_half8);
    __builtin_memcpy(to, &half, sizeof half);
}

CK_INLINE ck_vector ck_maximum(ck_vector a, ck_vector b) { return __builtin_elementwise_max(a, b); }

CK_INLINE ck_vector ck_minimum(ck_vector a, ck_vector b) { return __builtin_elementwise_min(a, b); }

CK_INLINE ck_vector ck_quotient(ck_vector a, ck_vector b) { return a / b; }

#endif

CK_INLINE ck_scalar ck_load_one(const void *from, int wide) {
    if (wide) return *(const ck_scalar *)from;
    _Float16 half;
    __builtin_memcpy(&half, from, sizeof half);
    return (ck_scalar)half;
}

CK_INLINE void ck_load_row(const void *from, int vectors, int wide, ck_vector row[]) {
    for (int i = 0; i < vectors; i++)
        row[i] = wide ? ck_load((const ck_scalar *)from + 8 * i) : ck_load_half((const uint16_t *)from + 8 * i);
}

CK_INLINE ck_scalar ck_largest(ck_vector v) {
    ck_scalar largest = v[0];
    for (int i = 1; i < 8; i++) largest = v[i] > largest ? v[i] : largest;
    return largest;
}

/// 2^x for x in -126...127; relative error below 3e-6.
CK_INLINE ck_vector ck_power(ck_vector x) {
    const float magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
    const ck_vector shifted = x + magic, f = x - (shifted - magic);
    ck_vector p = f * 1.3398874402e-3f + 9.6184373576e-3f;
    p = p * f + 5.5503279e-2f;
    p = p * f + 2.4022650696e-1f;
    p = p * f + 6.9314718056e-1f;
    p = p * f + 1.0f;
    ck_integers bits;
    __builtin_memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3F800000;
    ck_vector power;
    __builtin_memcpy(&power, &bits, sizeof power);
    return p * power;
}

/// 2^-x for x in 0...126.
CK_INLINE ck_vector ck_decay(ck_vector x) { return ck_power(-x); }

typedef struct {
    ck_scalar limit;
} ck_weights;

CK_INLINE ck_weights ck_weights_of(ck_scalar largest, int shift) {
    (void)shift;
    return (ck_weights){largest};
}

CK_INLINE ck_vector ck_weight(ck_vector score, const ck_weights *weights) {
    return ck_power(ck_maximum(score - weights->limit, (ck_vector){} - 120.0f));
}

CK_INLINE ck_vector ck_silu8(ck_vector x) {
    const ck_vector limit = (ck_vector){} + 120.0f;
    const ck_vector t = ck_minimum(ck_maximum(x * -1.44269504f, -limit), limit);
    return ck_quotient(x, 1.0f + ck_power(t));
}
