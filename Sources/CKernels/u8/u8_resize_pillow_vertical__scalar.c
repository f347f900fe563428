#include "ckernels_vision.h"
#include "pillow_clip.h"

enum { BLOCK = 64 };

void u8_resize_pillow_vertical__scalar(
    size_t row_bytes, size_t count, const uint8_t *rows, const int32_t *weights, uint8_t *output) {
    for (size_t begin = 0; begin < row_bytes; begin += BLOCK) {
        const size_t block = row_bytes - begin < BLOCK ? row_bytes - begin : BLOCK;
        int32_t sums[BLOCK];
        for (size_t i = 0; i < block; i++) sums[i] = PILLOW_HALF;
        for (size_t row = 0; row < count; row++) {
            const uint8_t *bytes = rows + row * row_bytes + begin;
            for (size_t i = 0; i < block; i++) sums[i] += bytes[i] * weights[row];
        }
        for (size_t i = 0; i < block; i++) output[begin + i] = pillow_clip(sums[i]);
    }
}
