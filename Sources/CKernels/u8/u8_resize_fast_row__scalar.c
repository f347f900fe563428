#include "ckernels_vision.h"

void u8_resize_fast_row__scalar(
    size_t row_bytes, const uint8_t *upper, const uint8_t *lower, uint32_t lower_weight, uint16_t *blended,
    size_t width, const ck_tap *taps, const ck_pixel_format *format, float *output) {
    u8_blend_rows__scalar(row_bytes, upper, lower, lower_weight, blended);
    const float unit = 1.0f / 65536.0f;
    const float gain[3] = {format->gain[0] * unit, format->gain[1] * unit, format->gain[2] * unit};
    const size_t first = format->reversed ? 2 : 0, last = 2 - first;
    for (size_t x = 0; x < width; x++, output += 3) {
        const uint16_t *left = blended + taps[x].left, *right = blended + taps[x].right;
        const int32_t a = taps[x].left_weight, b = taps[x].right_weight;
        output[0] = (float)(left[first] * a + right[first] * b) * gain[0] + format->bias[0];
        output[1] = (float)(left[1] * a + right[1] * b) * gain[1] + format->bias[1];
        output[2] = (float)(left[last] * a + right[last] * b) * gain[2] + format->bias[2];
    }
}
