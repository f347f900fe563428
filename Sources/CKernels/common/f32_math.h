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

static inline float ck_sigmoid(float x) { return 1.0f / (1.0f + ck_exp(-x)); }

/// max(x, 0) - |x| Q(|x|), where Q is the upper tail of the normal distribution by Abramowitz and Stegun, 1964, 26.2.17:
/// within 1e-7.
static inline float ck_gelu(float x) {
    const float magnitude = x < 0.0f ? -x : x, u = magnitude > 16.0f ? 16.0f : magnitude;
    const float t = 1.0f / (1.0f + 0.2316419f * u);
    float p = 0.53070271f;
    p = p * t - 0.72657601f;
    p = p * t + 0.71070687f;
    p = p * t - 0.14224837f;
    p = p * t + 0.12741480f;
    return (x > 0.0f ? x : 0.0f) - u * (p * t * ck_exp(-0.5f * u * u));
}

static inline float ck_clip(float x, float limit) { return x > limit ? limit : x > 0.0f ? x : 0.0f; }

/// Any activation but CK_LEAKY_RELU.
static inline float ck_any_activation(float x, ck_activation activation) {
    switch (activation) {
    case CK_RELU: return x > 0.0f ? x : 0.0f;
    case CK_RELU6: return ck_clip(x, 6.0f);
    case CK_SILU: return ck_silu(x);
    case CK_GELU: return ck_gelu(x);
    case CK_HARD_SWISH: return ck_hard_swish(x);
    case CK_SIGMOID: return ck_sigmoid(x);
    default: return x;
    }
}

/// Applies the activation to `count` floats in place: one of ck_fused_activations.
static inline void ck_activate(float *values, size_t count, ck_activation activation) {
    if (activation == CK_RELU) {
        for (size_t i = 0; i < count; i++) values[i] = values[i] > 0.0f ? values[i] : 0.0f;
    } else if (activation == CK_SILU) {
        for (size_t i = 0; i < count; i++) values[i] = ck_silu(values[i]);
    } else if (activation == CK_GELU) {
        for (size_t i = 0; i < count; i++) values[i] = ck_gelu(values[i]);
    }
}
