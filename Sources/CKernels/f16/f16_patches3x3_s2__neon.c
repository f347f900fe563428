#include "f16_vectors__neon.h"

#if defined(__ARM_NEON)

#include "f16_patches3x3_s2.h"

CK_TARGET void f16_patches3x3_s2__neon(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches) {
    patches3x3_s2(height, width, image, gain, bias, y, patches);
}

#endif
