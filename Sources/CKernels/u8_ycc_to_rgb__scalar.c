#include "ckernels_vision.h"

static uint8_t clip(int32_t value) {
    const int32_t rounded = (value + (1 << 12)) >> 13;
    return rounded < 0 ? 0 : rounded > 255 ? 255 : (uint8_t)rounded;
}

void u8_ycc_to_rgb__scalar(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, int reversed,
    uint8_t *output) {
    const size_t first = reversed ? 2 : 0, last = 2 - first;
    for (size_t x = 0; x < width; x++, output += 3) {
        const int32_t luma = (y[x] - matrix->black) * matrix->luma, blue = cb[x] - 128, red = cr[x] - 128;
        output[first] = clip(luma + red * matrix->red_by_cr);
        output[1] = clip(luma + blue * matrix->green_by_cb + red * matrix->green_by_cr);
        output[last] = clip(luma + blue * matrix->blue_by_cb);
    }
}
