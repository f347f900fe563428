#include "ckernels_vision.h"

void u8_resize_fast_channel__scalar(
    size_t width, const uint16_t *blended, const ck_tap *taps, const ck_tap_block *blocks, uint8_t *output) {
    (void)blocks;
    const int32_t half = 1 << 15;
    for (size_t x = 0; x < width; x++)
        output[x] =
            (uint8_t)((blended[taps[x].left] * taps[x].left_weight + blended[taps[x].right] * taps[x].right_weight + half) >> 16);
}
