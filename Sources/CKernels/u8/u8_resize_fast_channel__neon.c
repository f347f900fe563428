#include "u8_paths.h"

#if defined(__ARM_NEON)

#include "../common/neon32.h"

void u8_resize_fast_channel__neon(
    size_t width, const uint16_t *blended, const ck_tap *taps, const ck_tap_block *blocks, uint8_t *output) {
    size_t x = 0;
    for (; blocks && x + 8 <= width; x += 8, blocks++) {
        const uint8x16x4_t elements = vld1q_u8_x4((const uint8_t *)(blended + blocks->first));
        const uint16x8_t left = vreinterpretq_u16_u8(vqtbl4q_u8(elements, vld1q_u8(blocks->left)));
        const uint16x8_t right = vreinterpretq_u16_u8(vqtbl4q_u8(elements, vld1q_u8(blocks->right)));
        const uint16x8_t left_weights = vld1q_u16(blocks->left_weights);
        const uint16x8_t right_weights = vld1q_u16(blocks->right_weights);
        const uint32x4_t low = vmlal_u16(
            vmull_u16(vget_low_u16(left), vget_low_u16(left_weights)), vget_low_u16(right),
            vget_low_u16(right_weights));
        const uint32x4_t high = vmlal_high_u16(vmull_high_u16(left, left_weights), right, right_weights);
        vst1_u8(output + x, vmovn_u16(vrshrn_high_n_u32(vrshrn_n_u32(low, 16), high, 16)));
    }
    u8_resize_fast_channel__scalar(width - x, blended, taps + x, NULL, output + x);
}

#endif
