#include "ckernels_vision.h"

void u8_normalise__scalar(size_t width, const uint8_t *rgb, const ck_pixel_format *format, float *output) {
    const size_t first = format->reversed ? 2 : 0, last = 2 - first;
    for (size_t x = 0; x < width; x++, rgb += 3, output += 3) {
        output[0] = (float)rgb[first] * format->gain[0] + format->bias[0];
        output[1] = (float)rgb[1] * format->gain[1] + format->bias[1];
        output[2] = (float)rgb[last] * format->gain[2] + format->bias[2];
    }
}
