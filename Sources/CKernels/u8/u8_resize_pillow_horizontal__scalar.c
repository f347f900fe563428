#include "ckernels_vision.h"
#include "pillow_clip.h"

void u8_resize_pillow_horizontal__scalar(
    size_t width, const uint8_t *row, const uint32_t *firsts, const uint32_t *counts, const int32_t *weights,
    size_t stride, uint8_t *output) {
    for (size_t x = 0; x < width; x++, weights += stride, output += 3) {
        const uint8_t *pixel = row + (size_t)firsts[x] * 3;
        int32_t sums[3] = {PILLOW_HALF, PILLOW_HALF, PILLOW_HALF};
        for (uint32_t i = 0; i < counts[x]; i++, pixel += 3) {
            sums[0] += pixel[0] * weights[i];
            sums[1] += pixel[1] * weights[i];
            sums[2] += pixel[2] * weights[i];
        }
        output[0] = pillow_clip(sums[0]);
        output[1] = pillow_clip(sums[1]);
        output[2] = pillow_clip(sums[2]);
    }
}
