#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_patches3x3_s2.h"

CK_TARGET void f16_patches3x3_s2__avx2(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches) {
    patches3x3_s2(height, width, image, gain, bias, y, patches);
}

#endif
