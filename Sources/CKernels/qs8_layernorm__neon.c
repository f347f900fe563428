#include "qs8_neon.h"

#if defined(__aarch64__)

#include "qs8_normalise.h"

#pragma STDC FP_CONTRACT OFF

/// The sum of a row and the sum of its squares.
CK_INLINE void row_sums(size_t channels, const int8_t *x, int32_t *sum, int32_t *squares) {
    int32x4_t total = vdupq_n_s32(0), total_squares = total;
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        const int8x16_t values = vld1q_s8(x + c);
        // 4 squares of up to 2^14 fit 32 bits, 2 fit unsigned 16.
        total = vpadalq_s16(total, vpaddlq_s8(values));
        const uint16x8_t low = vreinterpretq_u16_s16(vmull_s8(vget_low_s8(values), vget_low_s8(values)));
        const uint16x8_t both = vreinterpretq_u16_s16(
            vmlal_high_s8(vreinterpretq_s16_u16(low), values, values));
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

void qs8_layernorm__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon, const float *gain,
    const float *shift, int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo) {
        int32_t sum, squares;
        row_sums(channels, input, &sum, &squares);
        const ck_normalisation n = ck_row_normalisation(channels, sum, squares, epsilon);
        const float32x4_t factor = vdupq_n_f32(n.factor), offset = vdupq_n_f32(n.offset);
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) {
            ck_float16x v = ck_widen(vld1q_s8(input + c));
            for (size_t i = 0; i < 4; i++) {
                const float32x4_t normal = vaddq_f32(vmulq_f32(v.part[i], factor), offset);
                v.part[i] = vaddq_f32(
                    vmulq_f32(normal, vld1q_f32(gain + c + 4 * i)), vld1q_f32(shift + c + 4 * i));
            }
            vst1q_s8(output + c, ck_round16(v));
        }
#pragma clang loop vectorize(disable) unroll(disable)
        for (; c < channels; c++) {
            const float normal = (float)input[c] * n.factor + n.offset, scaled = normal * gain[c];
            output[c] = ck_round_to_s8(scaled + shift[c]);
        }
    }
}

#endif
