#pragma once

// The bodies of the normalisations for all vector paths.

#include "f16_tile.h"

#include <math.h>

CK_INLINE ck_wide ck_widen(ck_vector v) { return __builtin_convertvector(v, ck_wide); }

/// Sum of a row and of its squared distances from `centre`.
CK_INLINE void row_sums(
    size_t channels, const uint16_t *row, const int centred, float centre, float *sum, float *squares) {
    ck_wide sums = {0}, products = {0};
    size_t c = 0;
    for (; channels - c >= 8; c += 8) {
        ck_wide x = ck_widen(ck_load_half(row + c));
        if (centred) x -= centre;
        sums += x;
        products += x * x;
    }
    for (; c < channels; c++) {
        const float x = ck_f16_to_f32(row[c]) - centre;
        sums[0] += x;
        products[0] += x * x;
    }
    *sum = ck_total(sums);
    *squares = ck_total(products);
}

/// What one row's values are multiplied by and moved. The mean in two parts: half precision alone is coarse where it is
/// far from 0.
typedef struct {
    ck_scalar mean, rest, scale;
} row_norm;

CK_INLINE row_norm row_norm_of(size_t channels, const uint16_t *row, float epsilon) {
    // Distances from any value of the row: squares of values far from 0 would cancel.
    const float centre = ck_f16_to_f32(row[0]), share = 1.0f / (float)channels;
    float sum, squares;
    row_sums(channels, row, 1, centre, &sum, &squares);
    const float distance = sum * share, variance = squares * share - distance * distance;
    const float scale = 1.0f / sqrtf((variance > 0.0f ? variance : 0.0f) + epsilon);
    row_norm norm;
    norm.mean = (ck_scalar)(centre + distance);
    norm.rest = (ck_scalar)(((float)norm.mean - (centre + distance)) * scale);
    norm.scale = (ck_scalar)scale;
    return norm;
}

/// Channels from `c` on of `count` rows.
CK_INLINE void normalise_channels(
    size_t count, size_t lanes, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    const row_norm *norms, uint16_t *output, size_t ldo) {
    const ck_vector g = ck_load_floats(gain, lanes), s = ck_load_floats(shift, lanes);
    for (size_t r = 0; r < count; r++) {
        const ck_vector x = ck_load_some(input, lanes);
        ck_store_some(output, s + (norms[r].rest + (x - norms[r].mean) * norms[r].scale) * g, lanes);
        input = ck_opaque(input + ldi);
        output = (uint16_t *)ck_opaque(output + ldo);
    }
}

CK_TARGET void F16(layernorm)(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo) {
    enum { ROWS = 16 };
    row_norm norms[ROWS];
    for (size_t first = 0; first < rows; first += ROWS, input += ROWS * ldi, output += ROWS * ldo) {
        const size_t count = rows - first < ROWS ? rows - first : ROWS;
        for (size_t r = 0; r < count; r++) norms[r] = row_norm_of(channels, input + r * ldi, epsilon);
        size_t c = 0;
        for (; channels - c >= 8; c += 8)
            normalise_channels(count, 8, input + c, ldi, gain + c, shift + c, norms, output + c, ldo);
        if (c < channels)
            normalise_channels(count, channels - c, input + c, ldi, gain + c, shift + c, norms, output + c, ldo);
    }
}

CK_TARGET void F16(sums)(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares) {
    for (size_t i = 0; i < rows; i++) {
        float row, products;
        row_sums(channels, input + i * ldi, 0, 0.0f, &row, &products);
        *sum += (double)row;
        *squares += (double)products;
    }
}

CK_INLINE void affine_channels(
    size_t rows, size_t lanes, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo) {
    const ck_vector g = ck_load_floats(gain, lanes), s = ck_load_floats(shift, lanes);
    for (size_t i = 0; i < rows; i++) {
        ck_store_some(output, s + ck_load_some(input, lanes) * g, lanes);
        input = ck_opaque(input + ldi);
        output = (uint16_t *)ck_opaque(output + ldo);
    }
}

CK_TARGET void F16(affine)(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo) {
    size_t c = 0;
    for (; channels - c >= 8; c += 8) affine_channels(rows, 8, input + c, ldi, gain + c, shift + c, output + c, ldo);
    if (c < channels) affine_channels(rows, channels - c, input + c, ldi, gain + c, shift + c, output + c, ldo);
}
