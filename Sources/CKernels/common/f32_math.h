#pragma once

#include "CKernels.h"
#include <string.h>

/// exp(x) by range reduction to [-ln2/2, ln2/2] and the polynomial of Cephes' expf; relative error below 2e-7.
/// Written without branches so that clang vectorises the loops around it.
static inline float ck_exp(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float magic = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer in the low mantissa bits
    const float shifted = x * 1.44269504088896341f + magic;
    const float n = shifted - magic;
    float r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << 23) + 0x3f800000;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static inline float ck_silu(float x) { return x / (1.0f + ck_exp(-x)); }

static inline float ck_hard_swish(float x) {
    const float gate = x + 3.0f < 0.0f ? 0.0f : x + 3.0f > 6.0f ? 6.0f : x + 3.0f;
    return x * gate / 6.0f;
}

/// Applies the activation to `count` floats in place.
static inline void ck_activate(float *values, size_t count, ck_activation activation) {
    if (activation == CK_RELU) {
        for (size_t i = 0; i < count; i++) values[i] = values[i] > 0.0f ? values[i] : 0.0f;
    } else if (activation == CK_SILU) {
        for (size_t i = 0; i < count; i++) values[i] = ck_silu(values[i]);
    }
}
