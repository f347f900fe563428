#include "qs8_neon.h"

#if defined(__ARM_NEON)

static inline void add_to(int32_t *to, int32x4_t lanes) { vst1q_s32(to, vaddq_s32(vld1q_s32(to), lanes)); }

void qs8_sums__neon(size_t rows, size_t channels, const int8_t *input, size_t ldi, int32_t *sum, int32_t *squares) {
    size_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        int32x4_t total[4];
        uint32x4_t total_squares[4];
        for (size_t i = 0; i < 4; i++) {
            total[i] = vdupq_n_s32(0);
            total_squares[i] = vdupq_n_u32(0);
        }
        const int8_t *from = input + c;
        for (size_t row = 0; row < rows; row += 2, from += 2 * ldi) {
            const int8x16_t x = vld1q_s8(from), y = row + 1 < rows ? vld1q_s8(from + ldi) : vdupq_n_s8(0);
            const int16x8_t low = vaddl_s8(vget_low_s8(x), vget_low_s8(y)), high = vaddl_high_s8(x, y);
            total[0] = vaddw_s16(total[0], vget_low_s16(low));
            total[1] = vaddw_high_s16(total[1], low);
            total[2] = vaddw_s16(total[2], vget_low_s16(high));
            total[3] = vaddw_high_s16(total[3], high);
            // Two squares are 2^15 at most: more than a signed half-word contains, and less than an unsigned one.
            const uint16x8_t low_squares = vreinterpretq_u16_s16(
                vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(x)), vget_low_s8(y), vget_low_s8(y)));
            const uint16x8_t high_squares = vreinterpretq_u16_s16(vmlal_high_s8(vmull_high_s8(x, x), y, y));
            total_squares[0] = vaddw_u16(total_squares[0], vget_low_u16(low_squares));
            total_squares[1] = vaddw_high_u16(total_squares[1], low_squares);
            total_squares[2] = vaddw_u16(total_squares[2], vget_low_u16(high_squares));
            total_squares[3] = vaddw_high_u16(total_squares[3], high_squares);
        }
        for (size_t i = 0; i < 4; i++) {
            add_to(sum + c + 4 * i, total[i]);
            add_to(squares + c + 4 * i, vreinterpretq_s32_u32(total_squares[i]));
        }
    }
    if (c < channels) qs8_sums__scalar(rows, channels - c, input + c, ldi, sum + c, squares + c);
}

#endif
