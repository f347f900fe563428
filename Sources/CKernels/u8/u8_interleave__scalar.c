#include "ckernels_vision.h"

void u8_interleave__scalar(
    size_t width, const uint8_t *first, const uint8_t *second, const uint8_t *third, uint8_t *output) {
    for (size_t x = 0; x < width; x++, output += 3) {
        output[0] = first[x];
        output[1] = second[x];
        output[2] = third[x];
    }
}
