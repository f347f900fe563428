#include "qs8_neon.h"

#if defined(__aarch64__)

/// Rows after which 32-bit sums are emptied, for rows of up to 2^12 channels: lanes take up to 2^16 from a vector.
enum { MOST_ROWS = 1 << 7 };

void qs8_sums__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, int64_t *sum, int64_t *squares) {
    for (size_t row = 0; row < rows; row += MOST_ROWS) {
        const size_t end = rows - row < MOST_ROWS ? rows : row + MOST_ROWS;
        int32x4_t total = vdupq_n_s32(0);
        uint32x4_t total_squares = vdupq_n_u32(0);
        for (size_t i = row; i < end; i++, input += ldi) {
            size_t c = 0;
            for (; c + 16 <= channels; c += 16) {
                const int8x16_t values = vld1q_s8(input + c);
                total = vpadalq_s16(total, vpaddlq_s8(values));
                const int16x8_t low = vmull_s8(vget_low_s8(values), vget_low_s8(values));
                total_squares = vpadalq_u16(total_squares, vreinterpretq_u16_s16(vmlal_high_s8(low, values, values)));
            }
#pragma clang loop vectorize(disable) unroll(disable)
            for (; c < channels; c++) {
                *sum += input[c];
                *squares += input[c] * input[c];
            }
        }
        *sum += vaddlvq_s32(total);
        *squares += (int64_t)vaddlvq_u32(total_squares);
    }
}

#endif
