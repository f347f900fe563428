#include "ckernels_vision.h"

void u8_resize_fast_row_bytes__scalar(
    size_t row_bytes, const uint8_t *upper, const uint8_t *lower, uint32_t lower_weight, uint16_t *blended,
    size_t width, const ck_tap *taps, int reversed, uint8_t *output) {
    // At most 255 * 256: the sums fit 16 bits.
    const uint16_t below = (uint16_t)lower_weight, above = (uint16_t)(256 - lower_weight);
    for (size_t i = 0; i < row_bytes; i++) blended[i] = (uint16_t)(upper[i] * above + lower[i] * below);

    const int32_t half = 1 << 15;
    const size_t first = reversed ? 2 : 0, last = 2 - first;
    for (size_t x = 0; x < width; x++, output += 3) {
        const uint16_t *left = blended + taps[x].left, *right = blended + taps[x].right;
        const int32_t a = taps[x].left_weight, b = taps[x].right_weight;
        output[0] = (uint8_t)((left[first] * a + right[first] * b + half) >> 16);
        output[1] = (uint8_t)((left[1] * a + right[1] * b + half) >> 16);
        output[2] = (uint8_t)((left[last] * a + right[last] * b + half) >> 16);
    }
}
