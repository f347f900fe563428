#include "qs8_neon.h"

#if defined(__aarch64__)

/// Vectors after which 32-bit sums of 4 squares each are emptied: 2^16 * 2^15 is the most they hold.
enum { MOST_VECTORS = 1 << 14 };

void qs8_sums__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int64_t *sum, int64_t *squares) {
    int32x4_t total = vdupq_n_s32(0);
    uint32x4_t total_squares = vdupq_n_u32(0);
    size_t vectors = 0;
    for (size_t row = 0; row < rows; row++, input += ldi) {
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) {
            const int8x16_t values = vld1q_s8(input + c);
            total = vpadalq_s16(total, vpaddlq_s8(values));
            const int16x8_t low = vmull_s8(vget_low_s8(values), vget_low_s8(values));
            total_squares = vpadalq_u16(total_squares, vreinterpretq_u16_s16(vmlal_high_s8(low, values, values)));
            if (++vectors == MOST_VECTORS) {
                *sum += vaddlvq_s32(total);
                *squares += (int64_t)vaddlvq_u32(total_squares);
                total = vdupq_n_s32(0);
                total_squares = vdupq_n_u32(0);
                vectors = 0;
            }
        }
#pragma clang loop vectorize(disable) unroll(disable)
        for (; c < channels; c++) {
            const int32_t value = input[c];
            *sum += value;
            *squares += value * value;
        }
    }
    *sum += vaddlvq_s32(total);
    *squares += (int64_t)vaddlvq_u32(total_squares);
}

#endif
