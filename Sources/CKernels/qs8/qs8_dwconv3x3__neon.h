#pragma once

// The body of int8 depthwise convolution for both NEON paths: a path's file includes its `sum_outputs` first. 16 channels
// and up to 32 outputs at a time: sums first, then what is stored, so that the registers belong to the convolution before
// and to SiLU's tables after.

/// Outputs whose sums are kept.
enum { MAX_OUTPUTS = 32 };

/// `outputs` outputs of 16 channels.
CK_INLINE CK_TARGET void convolve16(
    size_t outputs, size_t channels, size_t stride, const int8_t *const rows[3], const loaded_weights *w,
    const ck_qs8_channels *p, ck_activation activation, const ck_curve *curve, int8_t *output) {
    int32x4_t sums[MAX_OUTPUTS][4];
    sum_outputs(outputs, channels, stride, rows, w, sums);
    const int32x4_t shift[4] = {
        vld1q_s32(p[0].shift), vld1q_s32(p[0].shift + 4), vld1q_s32(p[1].shift), vld1q_s32(p[1].shift + 4)};
    const ck_loaded_channels low = ck_load_channels(&p[0]), high = ck_load_channels(&p[1]);
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
#pragma clang loop unroll(disable)
    for (size_t x = 0; x < outputs; x++) {
        int16x8_t v[2] = {ck_narrow(sums[x], shift), ck_narrow(sums[x] + 2, shift + 2)};
        ck_activate2(v, &low, &high, activation, &tables);
        vst1q_s8(output + x * channels, vqrshrn_high_n_s16(ck_store_form(v[0]), v[1], 6));
    }
}

/// One output of 8 channels: for maps whose channels are no multiple of 16.
CK_INLINE CK_TARGET void convolve8(
    size_t channels, const int8_t *const rows[3], const int8_t *weights, const ck_qs8_channels *p,
    ck_activation activation, const ck_curve *curve, int8_t *output) {
    int32x4_t sums[2] = {vld1q_s32(p->bias), vld1q_s32(p->bias + 4)};
    for (size_t tap = 0; tap < 9; tap++) {
        const int16x8_t product = vmull_s8(
            vld1_s8(rows[tap / 3] + tap % 3 * channels), vld1_s8(weights + tap * channels));
        sums[0] = vaddw_s16(sums[0], vget_low_s16(product));
        sums[1] = vaddw_high_s16(sums[1], product);
    }
    const int32x4_t shift[2] = {vld1q_s32(p->shift), vld1q_s32(p->shift + 4)};
    const ck_loaded_channels loaded = ck_load_channels(p);
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
    int16x8_t v[2] = {ck_narrow(sums, shift)};
    v[1] = v[0];
    ck_activate2(v, &loaded, &loaded, activation, &tables);
    vst1_s8(output, ck_store_form(v[0]));
}

CK_INLINE CK_TARGET void convolve(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *p, ck_activation activation, const ck_curve *curve, int8_t *output) {
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        const loaded_weights w = load_weights(weights + c, channels, p + c / 8);
        for (size_t x = 0; x < width; x += MAX_OUTPUTS) {
            const size_t pixel = x * stride * channels + c;
            const int8_t *const at[3] = {rows[0] + pixel, rows[1] + pixel, rows[2] + pixel};
            convolve16(
                width - x < MAX_OUTPUTS ? width - x : MAX_OUTPUTS, channels, stride, at, &w, p + c / 8, activation,
                curve, output + x * channels + c);
        }
    }
    if (c < channels) {
        for (size_t x = 0; x < width; x++) {
            const size_t pixel = x * stride * channels + c;
            const int8_t *const at[3] = {rows[0] + pixel, rows[1] + pixel, rows[2] + pixel};
            convolve8(channels, at, weights + c, p + c / 8, activation, curve, output + x * channels + c);
        }
    }
}

/// The same with constants in place of the arguments that decide what code runs.
CK_INLINE CK_TARGET void convolve_by_case(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *p, ck_activation activation, int8_t *output) {
    const ck_curve *curve = ck_curve_of(activation);
    if (stride == 1) {
        if (curve)
            convolve(width, channels, 1, rows, weights, p, CK_SILU, curve, output);
        else if (activation == CK_RELU)
            convolve(width, channels, 1, rows, weights, p, CK_RELU, curve, output);
        else
            convolve(width, channels, 1, rows, weights, p, CK_IDENTITY, curve, output);
    } else {
        if (curve)
            convolve(width, channels, 2, rows, weights, p, CK_SILU, curve, output);
        else if (activation == CK_RELU)
            convolve(width, channels, 2, rows, weights, p, CK_RELU, curve, output);
        else
            convolve(width, channels, 2, rows, weights, p, CK_IDENTITY, curve, output);
    }
}
