#include "u8_paths.h"

#if defined(__ARM_NEON)

#include "../common/neon32.h"

void u8_ycc_to_rgb__neon(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, int reversed,
    uint8_t *output) {
    const uint8x8_t black = vdup_n_u8((uint8_t)matrix->black), middle = vdup_n_u8(128);
    size_t x = 0;
    for (; x + 8 <= width; x += 8, output += 24) {
        const int16x8_t luma = vreinterpretq_s16_u16(vsubl_u8(vld1_u8(y + x), black));
        const int16x8_t blue = vreinterpretq_s16_u16(vsubl_u8(vld1_u8(cb + x), middle));
        const int16x8_t red = vreinterpretq_s16_u16(vsubl_u8(vld1_u8(cr + x), middle));
        const int32x4_t low = vmull_n_s16(vget_low_s16(luma), matrix->luma);
        const int32x4_t high = vmull_n_s16(vget_high_s16(luma), matrix->luma);
#define CHANNEL(low, high) vqmovun_s16(vcombine_s16(vrshrn_n_s32(low, 13), vrshrn_n_s32(high, 13)))
        uint8x8x3_t pixels;
        const uint8x8_t r = CHANNEL(
            vmlal_n_s16(low, vget_low_s16(red), matrix->red_by_cr),
            vmlal_n_s16(high, vget_high_s16(red), matrix->red_by_cr));
        pixels.val[1] = CHANNEL(
            vmlal_n_s16(
                vmlal_n_s16(low, vget_low_s16(blue), matrix->green_by_cb), vget_low_s16(red), matrix->green_by_cr),
            vmlal_n_s16(
                vmlal_n_s16(high, vget_high_s16(blue), matrix->green_by_cb), vget_high_s16(red), matrix->green_by_cr));
        const uint8x8_t b = CHANNEL(
            vmlal_n_s16(low, vget_low_s16(blue), matrix->blue_by_cb),
            vmlal_n_s16(high, vget_high_s16(blue), matrix->blue_by_cb));
#undef CHANNEL
        pixels.val[0] = reversed ? b : r;
        pixels.val[2] = reversed ? r : b;
        vst3_u8(output, pixels);
    }
    u8_ycc_to_rgb__scalar(width - x, y + x, cb + x, cr + x, matrix, reversed, output);
}

#endif
