#include "u8_ycc_to_rgb.h"

void u8_ycc_to_rgb__scalar(
    size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix, int reversed,
    uint8_t *output) {
    if (reversed)
        convert(width, y, cb, cr, matrix, 2, output);
    else
        convert(width, y, cb, cr, matrix, 0, output);
}
