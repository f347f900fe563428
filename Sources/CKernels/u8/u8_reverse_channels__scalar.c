#include "ckernels_vision.h"

void u8_reverse_channels__scalar(size_t width, const uint8_t *rgb, uint8_t *output) {
    for (size_t x = 0; x < width; x++, rgb += 3, output += 3) {
        const uint8_t red = rgb[0], green = rgb[1], blue = rgb[2];
        output[0] = blue;
        output[1] = green;
        output[2] = red;
    }
}
