#include "ckernels_vision.h"

int ck_make_tap_blocks(size_t width, const ck_tap *taps, ck_tap_block *blocks) {
    for (size_t x = 0; x + 8 <= width; x += 8, taps += 8, blocks++) {
        blocks->first = taps[0].left;
        for (size_t i = 0; i < 8; i++) {
            // An element without weight need not be near.
            const uint32_t left = taps[i].left - blocks->first;
            const uint32_t right = taps[i].right_weight ? taps[i].right - blocks->first : left;
            if (left >= 32 || right >= 32) return 0;
            blocks->left[2 * i] = (uint8_t)(2 * left);
            blocks->left[2 * i + 1] = (uint8_t)(2 * left + 1);
            blocks->right[2 * i] = (uint8_t)(2 * right);
            blocks->right[2 * i + 1] = (uint8_t)(2 * right + 1);
            blocks->left_weights[i] = (uint16_t)taps[i].left_weight;
            blocks->right_weights[i] = (uint16_t)taps[i].right_weight;
        }
    }
    return 1;
}
