#pragma once

// The fixed-point forms of normalisation: what rounds, and to what.

#include "qs8_requantise.h"

#pragma STDC FP_CONTRACT OFF

/// Channels whose parameters are converted at a time; longer rows take several turns.
enum { CK_NORMALISED_CHANNELS = 256 };

/// z = sat16(mulh(sat16((q << 7) - mean), factor) << lift). The mean goes first: stored values may lie far from 0 and
/// close together.
typedef struct {
    int16_t mean;
    int16_t factor;
    int16_t lift;
} ck_normalisation;

/// The nearest 16-bit value; of two equally near ones the even.
static inline int16_t ck_round_to_s16(float value) {
    // Also turns a NaN into a number.
    if (!(value > -32768.0f)) return -32768;
    if (value > 32767.0f) return 32767;
    return (int16_t)rintf(value);
}

/// What turns a row's values into 2048ths of values of mean 0 and variance 1.
static inline ck_normalisation ck_row_normalisation(size_t channels, int32_t sum, int32_t squares, float epsilon) {
    const int64_t n = (int64_t)channels;
    const float variance = (float)(n * squares - (int64_t)sum * sum) / (float)(n * n);
    const float inverse = 1.0f / sqrtf(variance + epsilon), mean = (float)sum / (float)n;
    // 128ths times factor / 2^15 are 2048ths of what they are times `inverse`.
    float factor = inverse * 524288.0f;
    int16_t lift = 0;
    for (; factor > 32767.0f && lift < 15; lift++) factor *= 0.5f;
    return (ck_normalisation){ck_round_to_s16(mean * 128.0f), ck_round_to_s16(factor), lift};
}

/// Layer normalisation's last step: gain in 256ths, shift in 16ths.
static inline void ck_normalisation_channels(
    size_t channels, const float *gain, const float *shift, int16_t *gains, int16_t *shifts) {
    for (size_t c = 0; c < channels; c++) {
        gains[c] = ck_round_to_s16(gain[c] * 256.0f);
        shifts[c] = ck_round_to_s16(shift[c] * 16.0f);
    }
}

static inline int8_t ck_normalise(int32_t q, const ck_normalisation *row, int16_t gain, int16_t shift) {
    const int32_t z = ck_sat16(ck_mulh(ck_sat16(q * 128 - row->mean), row->factor) * (1 << row->lift));
    return (int8_t)ck_sat8((ck_sat16(ck_mulh(z, gain) + shift) + 8) >> 4);
}

/// The affine map's parameters: gain in 8192nds, shift in 32nds.
static inline void ck_affine_channels(
    size_t channels, const float *gain, const float *shift, int16_t *gains, int16_t *shifts) {
    for (size_t c = 0; c < channels; c++) {
        gains[c] = ck_round_to_s16(gain[c] * 8192.0f);
        shifts[c] = ck_round_to_s16(shift[c] * 32.0f);
    }
}

static inline int8_t ck_affine(int32_t q, int16_t gain, int16_t shift) {
    return (int8_t)ck_sat8((ck_sat16(ck_mulh(q * 128, gain) + shift) + 16) >> 5);
}
