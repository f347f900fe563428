#include "u8_paths.h"

#if defined(__x86_64__)

__attribute__((target("avx2"))) void u8_blend_rows__avx2(
    size_t count, const uint8_t *upper, const uint8_t *lower, uint32_t lower_weight, uint16_t *blended) {
    // At most 255 * 256: the sums fit 16 bits.
    const uint16_t above = (uint16_t)(256 - lower_weight), below = (uint16_t)lower_weight;
    for (size_t i = 0; i < count; i++) blended[i] = (uint16_t)(upper[i] * above + lower[i] * below);
}

#endif
