#pragma once

#include <stdint.h>
#include <string.h>

/// IEEE half precision of `value`, rounded to nearest, ties to even; values beyond half precision become infinite.
static inline uint16_t ck_f32_to_f16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7FFFFFFFu;
    if (magnitude > 0x7F800000u) return (uint16_t)(sign | 0x7E00u);
    if (magnitude >= 0x47800000u) return (uint16_t)(sign | 0x7C00u);
    if (magnitude < 0x38800000u) {
        // Below the smallest normal half: adding 0.5 aligns the last bit of a half with the last bit of a float.
        float aligned;
        memcpy(&aligned, &magnitude, sizeof aligned);
        aligned += 0.5f;
        uint32_t rounded;
        memcpy(&rounded, &aligned, sizeof rounded);
        return (uint16_t)(sign | (rounded - 0x3F000000u));
    }
    const uint32_t rounded = magnitude - 0x38000000u + 0xFFFu + ((magnitude >> 13) & 1u);
    return (uint16_t)(sign | (rounded >> 13));
}

/// IEEE half precision widened, exactly.
static inline float ck_f16_to_f32(uint16_t half) {
    // Exponent and mantissa shifted into place are a float 2^112 too small, subnormals included.
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, magnitude = (uint32_t)(half & 0x7fff) << 13;
    const int special = magnitude >= 0x0f800000; // infinity and NaN keep the largest exponent
    float value;
    memcpy(&value, &magnitude, sizeof value);
    value *= 0x1p112f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = (special ? (magnitude | 0x7f800000) : bits) | sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}
