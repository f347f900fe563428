#pragma once

// The body of the depthwise convolution for all vector paths.

#include "f16_tile.h"

typedef struct {
    size_t width, channels, stride;
    const uint16_t *rows[3];
    size_t ldi;
    const uint16_t *weights;
    const float *bias;
    uint16_t *output;
    size_t ldo;
} depthwise;

/// `count` channels from `c` on. Every input column is loaded once and added to the outputs it is part of: of three
/// sums, one is finished, one continued and one begun per column of stride 1.
CK_INLINE void depthwise_channels(
    const depthwise *d, const int stride, const int whole, size_t count, ck_activation activation, size_t c) {
    const size_t lanes = whole ? 8 : count, ldi = d->ldi, ldo = d->ldo;
    ck_vector w[9];
    for (size_t tap = 0; tap < 9; tap++) w[tap] = ck_load_some(d->weights + tap * d->channels + c, lanes);
    const ck_vector bias = ck_load_floats(d->bias ? d->bias + c : NULL, lanes);
    const uint16_t *r0 = d->rows[0] + c, *r1 = d->rows[1] + c, *r2 = d->rows[2] + c;
    uint16_t *output = d->output + c;
    ck_vector x0, x1, x2;
#define CK_COLUMN                                                                                                      \
    (x0 = ck_load_some(r0, lanes), x1 = ck_load_some(r1, lanes), x2 = ck_load_some(r2, lanes),                         \
     r0 = ck_opaque(r0 + ldi), r1 = ck_opaque(r1 + ldi), r2 = ck_opaque(r2 + ldi))
#define CK_ADD(sum, tap) (sum += x0 * w[tap], sum += x1 * w[3 + (tap)], sum += x2 * w[6 + (tap)])
#define CK_FINISH(sum)                                                                                                 \
    do {                                                                                                               \
        ck_vector tile[1][TILE_VECTORS] = {{sum}};                                                                     \
        ck_activate_tile(1, 1, activation, tile);                                                                      \
        ck_store_some(output, tile[0][0], lanes);                                                                      \
        output = (uint16_t *)ck_opaque(output + ldo);                                                                  \
    } while (0)
#define CK_NEXT(done, next, begun)                                                                                     \
    CK_COLUMN;                                                                                                         \
    CK_ADD(done, 2);                                                                                                   \
    CK_ADD(next, 1);                                                                                                   \
    begun = bias;                                                                                                      \
    CK_ADD(begun, 0);                                                                                                  \
    CK_FINISH(done)
    if (stride == 1) {
        ck_vector a = bias, b = bias, e = bias;
        CK_COLUMN;
        CK_ADD(a, 0);
        CK_COLUMN;
        CK_ADD(a, 1);
        CK_ADD(b, 0);
        size_t left = d->width - 1;
        for (; left >= 3; left -= 3) {
            CK_NEXT(a, b, e);
            CK_NEXT(b, e, a);
            CK_NEXT(e, a, b);
        }
        for (; left > 0; left--) {
            CK_NEXT(a, b, e);
            a = b;
            b = e;
        }
        CK_COLUMN;
        CK_ADD(a, 2);
        CK_FINISH(a);
    } else {
        ck_vector a = bias;
        CK_COLUMN;
        CK_ADD(a, 0);
        for (size_t left = d->width; left > 0; left--) {
            CK_COLUMN;
            CK_ADD(a, 1);
            CK_COLUMN;
            CK_ADD(a, 2);
            CK_FINISH(a);
            a = bias;
            CK_ADD(a, 0);
        }
    }
#undef CK_NEXT
#undef CK_FINISH
#undef CK_ADD
#undef CK_COLUMN
}

CK_INLINE void depthwise_all(const depthwise *d, const int stride, ck_activation activation) {
    size_t c = 0;
    for (; d->channels - c >= 8; c += 8) depthwise_channels(d, stride, 1, 8, activation, c);
    if (c < d->channels) depthwise_channels(d, stride, 0, d->channels - c, activation, c);
}

CK_TARGET void F16(dwconv3x3)(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo) {
    const depthwise d = {width, channels, stride, {rows[0], rows[1], rows[2]}, ldi, weights, bias, output, ldo};
    if (stride == 1) {
        switch (activation) {
        case CK_SILU: depthwise_all(&d, 1, CK_SILU); break;
        case CK_GELU: depthwise_all(&d, 1, CK_GELU); break;
        case CK_RELU: depthwise_all(&d, 1, CK_RELU); break;
        default: depthwise_all(&d, 1, CK_IDENTITY); break;
        }
    } else {
        switch (activation) {
        case CK_SILU: depthwise_all(&d, 2, CK_SILU); break;
        case CK_GELU: depthwise_all(&d, 2, CK_GELU); break;
        case CK_RELU: depthwise_all(&d, 2, CK_RELU); break;
        default: depthwise_all(&d, 2, CK_IDENTITY); break;
        }
    }
}
