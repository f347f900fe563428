#pragma once

// The body of the first layer's patches for all vector paths: each image row is converted once, then copied from.

#include "f16_tile.h"

/// One row of bytes as halves.
CK_INLINE void convert_row(
    size_t width, const uint8_t *row, const float gain[3], const float bias[3], uint16_t *halves) {
    typedef uint8_t bytes __attribute__((vector_size(8)));
    typedef int16_t shorts __attribute__((vector_size(16)));
    // 24 values are 8 whole pixels. Bytes less 128, so that in half precision products are small where they are added.
    ck_wide gains[3], biases[3];
    for (int i = 0; i < 24; i++) {
        gains[i / 8][i % 8] = gain[i % 3];
        biases[i / 8][i % 8] = bias[i % 3] + 128.0f * gain[i % 3];
    }
    size_t i = 0;
    for (; 3 * width - i >= 24; i += 24) {
        for (size_t v = 0; v < 3; v++) {
            bytes x;
            __builtin_memcpy(&x, row + i + 8 * v, sizeof x);
            const ck_vector y = __builtin_convertvector(__builtin_convertvector(x, shorts) - 128, ck_vector);
            ck_store_half(
                halves + i + 8 * v,
                __builtin_convertvector(biases[v], ck_vector) + y * __builtin_convertvector(gains[v], ck_vector));
        }
    }
    for (; i < 3 * width; i++) halves[i] = ck_f32_to_f16((float)row[i] * gain[i % 3] + bias[i % 3]);
}

CK_TARGET void F16(patches3x3_s2)(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches) {
    const size_t count = (width + 1) / 2, stride = 3 * (width + 2) + 8;
    uint16_t *rows = patches + count * ck_f16_patch_stride;
    for (size_t ky = 0; ky < 3; ky++) {
        uint16_t *row = rows + ky * stride;
        const size_t line = 2 * y + ky;
        if (line < 1 || line > height) {
            __builtin_memset(row, 0, stride * sizeof *row);
            continue;
        }
        __builtin_memset(row, 0, 3 * sizeof *row);
        convert_row(width, image + (line - 1) * width * 3, gain, bias, row + 3);
        __builtin_memset(row + 3 + 3 * width, 0, 3 * sizeof *row);
    }
    for (size_t x = 0; x < count; x++, rows += 6, patches += ck_f16_patch_stride) {
        __builtin_memcpy(patches, rows, 18);
        __builtin_memcpy(patches + 9, rows + stride, 18);
        __builtin_memcpy(patches + 18, rows + 2 * stride, 18);
        patches[27] = 0;
    }
}
