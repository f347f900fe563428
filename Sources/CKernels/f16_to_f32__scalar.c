#include "CKernels.h"
#include <string.h>

void f16_to_f32__scalar(size_t count, const uint16_t *input, float *output) {
    for (size_t i = 0; i < count; i++) {
        // Exponent and mantissa shifted into place are a float 2^112 too small, subnormals included.
        const uint32_t sign = (uint32_t)(input[i] & 0x8000) << 16, magnitude = (uint32_t)(input[i] & 0x7fff) << 13;
        const int special = magnitude >= 0x0f800000; // infinity and NaN keep the largest exponent
        float value;
        memcpy(&value, &magnitude, sizeof value);
        value *= 0x1p112f;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        bits = (special ? (magnitude | 0x7f800000) : bits) | sign;
        memcpy(&output[i], &bits, sizeof bits);
    }
}
