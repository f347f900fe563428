#pragma once

// How both NEON paths begin and store the sums of depthwise convolution by any window.

#include "qs8_neon.h"

#if defined(__ARM_NEON)

/// The biases of 16 channels, for each of `outputs`, a constant.
CK_INLINE CK_TARGET void start_sums(const size_t outputs, const ck_qs8_channels *const p[2], int32x4_t sum[][4]) {
    for (size_t i = 0; i < 4; i++)
        for (size_t x = 0; x < outputs; x++) sum[x][i] = vld1q_s32(p[i / 2]->bias + i % 2 * 4);
}

CK_INLINE CK_TARGET void store_sums(const size_t outputs, int32x4_t sum[][4], int32_t *sums) {
    for (size_t x = 0; x < outputs; x++)
        for (size_t i = 0; i < 4; i++) vst1q_s32(sums + 16 * x + 4 * i, sum[x][i]);
}

CK_INLINE CK_TARGET void finish(
    size_t count, size_t lanes, const int32_t *sums, const ck_qs8_channels *const p[2], ck_activation activation,
    const ck_curve *curve, int8_t *output, size_t ldo) {
    const int32x4_t shift[4] = {
        vld1q_s32(p[0]->shift), vld1q_s32(p[0]->shift + 4), vld1q_s32(p[1]->shift), vld1q_s32(p[1]->shift + 4)};
    const ck_loaded_channels low = ck_load_channels(p[0]), high = ck_load_channels(p[1]);
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
#pragma clang loop unroll(disable)
    for (size_t x = 0; x < count; x++, sums += 16, output += ldo) {
        const int32x4_t sum[4] = {vld1q_s32(sums), vld1q_s32(sums + 4), vld1q_s32(sums + 8), vld1q_s32(sums + 12)};
        int16x8_t v[2] = {ck_narrow(sum, shift), ck_narrow(sum + 2, shift + 2)};
        ck_activate2(v, &low, &high, activation, &tables);
        if (lanes == 16)
            vst1q_s8(output, vqrshrn_high_n_s16(ck_store_form(v[0]), v[1], 6));
        else
            vst1_s8(output, ck_store_form(v[0]));
    }
}

#endif
