#include "ckernels_vision.h"

void u8_resize_opencv_vertical__scalar(
    size_t count, const int32_t *upper, const int32_t *lower, int32_t upper_weight, int32_t lower_weight,
    uint8_t *output) {
    for (size_t i = 0; i < count; i++) {
        const int32_t above = (upper_weight * (upper[i] >> 4)) >> 16;
        const int32_t below = (lower_weight * (lower[i] >> 4)) >> 16;
        output[i] = (uint8_t)((above + below + 2) >> 2);
    }
}
