#include "ckernels_vision.h"

void u8_resize_opencv_horizontal__scalar(size_t width, const uint8_t *row, const ck_tap *taps, int32_t *output) {
    for (size_t x = 0; x < width; x++, output += 3) {
        const uint8_t *left = row + taps[x].left, *right = row + taps[x].right;
        const int32_t a = taps[x].left_weight, b = taps[x].right_weight;
        output[0] = left[0] * a + right[0] * b;
        output[1] = left[1] * a + right[1] * b;
        output[2] = left[2] * a + right[2] * b;
    }
}
