#include "ckernels_vision.h"
#include "u8_clones.h"

static inline uint8_t clip(int32_t value) {
    const int32_t rounded = (value + (1 << 12)) >> 13;
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

// With `first` known the compiler finds vectors.
static inline __attribute__((always_inline)) void convert(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, const size_t first,
    uint8_t *restrict output) {
    const ck_ycc m = *matrix;
    for (size_t x = 0; x < width; x++) {
        const int32_t luma = (y[x] - m.black) * m.luma, blue = cb[x] - 128, red = cr[x] - 128;
        output[3 * x + first] = clip(luma + red * m.red_by_cr);
        output[3 * x + 1] = clip(luma + blue * m.green_by_cb + red * m.green_by_cr);
        output[3 * x + 2 - first] = clip(luma + blue * m.blue_by_cb);
    }
}

CK_CLONES static void convert_rgb(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, uint8_t *output) {
    convert(width, y, cb, cr, matrix, 0, output);
}

CK_CLONES static void convert_bgr(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, uint8_t *output) {
    convert(width, y, cb, cr, matrix, 2, output);
}

void u8_ycc_to_rgb__scalar(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, int reversed,
    uint8_t *output) {
    (reversed ? convert_bgr : convert_rgb)(width, y, cb, cr, matrix, output);
}
