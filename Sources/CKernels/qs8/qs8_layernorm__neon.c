#include "qs8_neon.h"

#if defined(__ARM_NEON)

#include "qs8_normalise.h"

/// The sum of a row and the sum of its squares.
CK_INLINE void row_sums(size_t channels, const int8_t *x, int32_t *sum, int32_t *squares) {
    int32x4_t total = vdupq_n_s32(0), total_squares = total;
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        const int8x16_t values = vld1q_s8(x + c);
        // 4 squares of up to 2^14 fit 32 bits, 2 fit unsigned 16.
        total = vpadalq_s16(total, vpaddlq_s8(values));
        const uint16x8_t low = vreinterpretq_u16_s16(vmull_s8(vget_low_s8(values), vget_low_s8(values)));
        const uint16x8_t both = vreinterpretq_u16_s16(vmlal_high_s8(vreinterpretq_s16_u16(low), values, values));
        total_squares = vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(total_squares), both));
    }
    *sum = vaddvq_s32(total);
    *squares = vaddvq_s32(total_squares);
#pragma clang loop vectorize(disable) unroll(disable)
    for (; c < channels; c++) {
        *sum += x[c];
        *squares += x[c] * x[c];
    }
}

/// Channels first...first + count of one row.
CK_INLINE void normalise_row(
    size_t count, const int8_t *x, const ck_normalisation *row, const int16_t *gains, const int16_t *shifts,
    int8_t *y) {
    const int16x8_t factor = vdupq_n_s16(row->factor), lift = vdupq_n_s16(row->lift);
    const int16x8_t mean = vdupq_n_s16(row->mean);
    size_t c = 0;
    for (; c + 16 <= count; c += 16) {
        const int8x16_t q = vld1q_s8(x + c);
        int16x8_t z[2] = {vshll_n_s8(vget_low_s8(q), 7), vshll_high_n_s8(q, 7)};
        for (size_t i = 0; i < 2; i++) {
            z[i] = vqshlq_s16(vqrdmulhq_s16(vqsubq_s16(z[i], mean), factor), lift);
            z[i] = vqaddq_s16(vqrdmulhq_s16(z[i], vld1q_s16(gains + c + 8 * i)), vld1q_s16(shifts + c + 8 * i));
        }
        vst1q_s8(y + c, vqrshrn_high_n_s16(vqrshrn_n_s16(z[0], 4), z[1], 4));
    }
#pragma clang loop vectorize(disable) unroll(disable)
    for (; c < count; c++) y[c] = ck_normalise(x[c], row, gains[c], shifts[c]);
}

#include "qs8_layernorm.h"

void qs8_layernorm__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    normalise_rows(rows, channels, input, ldi, epsilon, gain, shift, output, ldo);
}

#endif
