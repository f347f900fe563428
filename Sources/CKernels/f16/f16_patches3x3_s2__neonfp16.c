#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)

#include "f16_patches3x3_s2.h"

CK_TARGET void f16_patches3x3_s2__neonfp16(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches) {
    patches3x3_s2(height, width, image, gain, bias, y, patches);
}

#endif
