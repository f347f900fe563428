#pragma once

// The rounding of ckernels_qs8.h, one value at a time.

#include "ckernels_qs8.h"

#include <math.h>

#pragma STDC FP_CONTRACT OFF

static inline int32_t ck_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

static inline int32_t ck_sat8(int32_t value) { return ck_clamp(value, -128, 127); }

static inline int32_t ck_sat16(int32_t value) { return ck_clamp(value, -32768, 32767); }

static inline int32_t ck_mulh(int32_t a, int32_t b) { return (2 * a * b + (1 << 15)) >> 16; }

/// The nearest stored value; of two equally near ones the even.
static inline int8_t ck_round_to_s8(float value) {
    // Also turns a NaN into a number.
    if (!(value > -128.0f)) return -128;
    if (value > 127.0f) return 127;
    return (int8_t)rintf(value);
}

/// The score of a product: 16ths of a power of two.
static inline int32_t ck_score(int32_t product, int32_t multiplier) {
    return (int32_t)((2 * (int64_t)product * multiplier + ((int64_t)1 << 31)) >> 32);
}

/// The weight at `distance` (0 or more) below the largest score.
static inline uint8_t ck_exp2_weight(int32_t distance) { return distance < 128 ? ck_exp2_table[distance] : 0; }

/// What is stored for the sum of channel j of `p`, to which the bias was added. `residual` is 0 where nothing is added.
static inline int8_t ck_requantise(
    int32_t sum, const ck_qs8_channels *p, size_t j, ck_activation activation, int32_t residual) {
    const int32_t shift = p->shift[j];
    const int64_t shifted = shift >= 0 ? (int64_t)sum * ((int64_t)1 << shift) : (int64_t)sum >> -shift;
    const int32_t upper = shifted < INT32_MIN ? INT32_MIN : shifted > INT32_MAX ? INT32_MAX : (int32_t)shifted;
    const int32_t x = upper >> 16;
    int32_t v;
    const ck_curve *curve = ck_curve_of(activation);
    if (curve) {
        const int32_t magnitude = ck_sat16(x < 0 ? -x : x), product = ck_mulh(magnitude, p->tau[j]);
        const int32_t t = product > 4095 ? 4095 : product, i = t >> 6, f = t & 63;
        const int32_t r = 128 * curve->base[i] + curve->slope[i] * f;
        const int32_t positive = ck_sat16((x > 0 ? x : 0) << p->lift[j]);
        v = ck_sat16(ck_mulh(positive, p->gain[j]) + ck_mulh(r, p->dip[j]) + p->zero[j]);
    } else {
        v = ck_mulh(x, p->gain[j]);
        if (activation == CK_RELU) v = ck_sat16((v < 0 ? 0 : v) + p->zero[j]);
    }
    v = ck_sat16(v + ck_mulh(residual * 128, p->residual_gain[j]));
    return (int8_t)ck_sat8((v + 32) >> 6);
}
