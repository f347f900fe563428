#include "qs8_neon.h"

#if defined(__ARM_NEON)

#include "qs8_separable_attention.h"

/// Sums over all tokens of weight times key, for 8 channels.
CK_INLINE void weighted_keys(const ck_qs8_separable *position, const uint8_t *weights, size_t c, int32x4_t sums[2]) {
    const ck_tokens *tokens = &position->tokens;
    sums[0] = sums[1] = vdupq_n_s32(0);
    for (size_t i = 0; i < tokens->height; i++) {
        const int8_t *key = position->k + i * tokens->row_stride + c;
        for (size_t j = 0; j < tokens->width; j++) {
            const int16x8_t values = vmovl_s8(ck_load8(&key, tokens->column_stride));
            const int16_t weight = *weights++;
            sums[0] = vmlal_n_s16(sums[0], vget_low_s16(values), weight);
            sums[1] = vmlal_high_n_s16(sums[1], values, weight);
        }
    }
}

void qs8_separable_attention__neon(const ck_qs8_separable *position) {
    const ck_tokens *tokens = &position->tokens;
    uint8_t *weights = position->scratch;
    const int32_t total = ck_weigh_tokens(position, weights);
    const float inverse = 1.0f / (float)total;
    size_t c = 0;
    for (; c + 8 <= position->channels; c += 8) {
        int32x4_t sums[2];
        weighted_keys(position, weights, c, sums);
        float factors[8];
        vst1q_f32(factors, vmulq_f32(vmulq_n_f32(vcvtq_f32_s32(sums[0]), inverse), vld1q_f32(position->gain + c)));
        vst1q_f32(
            factors + 4, vmulq_f32(vmulq_n_f32(vcvtq_f32_s32(sums[1]), inverse), vld1q_f32(position->gain + c + 4)));
        int16_t gains[8], shifts[8];
        ck_affine_channels(8, factors, position->zero + c, gains, shifts);
        const int16x8_t gain = vld1q_s16(gains), shift = vld1q_s16(shifts);
        for (size_t i = 0; i < tokens->height; i++) {
            const int8_t *value = position->v + i * tokens->row_stride + c;
            int8_t *output = position->output + i * position->output_row_stride + c;
            for (size_t j = 0; j < tokens->width; j++) {
                const int16x8_t v = vshll_n_s8(vmax_s8(ck_load8(&value, tokens->column_stride), vdup_n_s8(0)), 7);
                ck_store8(
                    &output, vqrshrn_n_s16(vqaddq_s16(vqrdmulhq_s16(v, gain), shift), 5),
                    position->output_column_stride);
            }
        }
    }
    if (c == position->channels) return;
    ck_qs8_separable rest = *position;
    rest.k += c, rest.v += c, rest.gain += c, rest.zero += c, rest.output += c;
    rest.channels -= c;
    qs8_separable_attention__scalar(&rest);
}

#endif
