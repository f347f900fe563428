#pragma once

#include "qs8_neon.h"

#if defined(__aarch64__)

#define CK_TARGET
// No rows are packed: a load that repeats its 4 bytes needs nothing but a pointer.
enum { TILE_ROWS = 4, PACKED_ROWS = 0, PACKED_K = 0, PACKED_BYTES = 1 };

/// Sums of two columns each, in halves; two products of signed bytes fit 16 bits because weights are -127...127.
CK_INLINE int32x4_t accumulate_low(int32x4_t sums, int8x16_t w0, int8x16_t x0, int8x16_t w1, int8x16_t x1) {
    const int16x8_t products = vmull_s8(vget_low_s8(w0), vget_low_s8(x0));
    return vpadalq_s16(sums, vmlal_s8(products, vget_low_s8(w1), vget_low_s8(x1)));
}

CK_INLINE int32x4_t accumulate_high(int32x4_t sums, int8x16_t w0, int8x16_t x0, int8x16_t w1, int8x16_t x1) {
    return vpadalq_s16(sums, vmlal_high_s8(vmull_high_s8(w0, x0), w1, x1));
}

/// sums[row] = bias + the products of `rows` rows of A and 8 packed columns. A row is read exactly.
CK_INLINE void tile(
    size_t rows, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const int32_t *bias,
    int32x4_t sums[][2]) {
    int32x4_t halves[TILE_ROWS][4];
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < 4; j++) halves[r][j] = vdupq_n_s32(0);
    const int8_t *row[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) row[r] = ck_opaque(a + r * lda);
    for (size_t chunk = k / 8; chunk > 0; chunk--, weights += 64) {
        const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16);
        const int8x16_t w2 = vld1q_s8(weights + 32), w3 = vld1q_s8(weights + 48);
        for (size_t r = 0; r < rows; r++) {
            const int8x16_t x0 = ck_repeat4(&row[r]), x1 = ck_repeat4(&row[r]);
            halves[r][0] = accumulate_low(halves[r][0], w0, x0, w2, x1);
            halves[r][1] = accumulate_high(halves[r][1], w0, x0, w2, x1);
            halves[r][2] = accumulate_low(halves[r][2], w1, x0, w3, x1);
            halves[r][3] = accumulate_high(halves[r][3], w1, x0, w3, x1);
        }
    }
    if (k & 4) {
        const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16);
        for (size_t r = 0; r < rows; r++) {
            const int8x16_t x = ck_repeat4(&row[r]);
            halves[r][0] = vpadalq_s16(halves[r][0], vmull_s8(vget_low_s8(w0), vget_low_s8(x)));
            halves[r][1] = vpadalq_s16(halves[r][1], vmull_high_s8(w0, x));
            halves[r][2] = vpadalq_s16(halves[r][2], vmull_s8(vget_low_s8(w1), vget_low_s8(x)));
            halves[r][3] = vpadalq_s16(halves[r][3], vmull_high_s8(w1, x));
        }
    }
    const int32x4_t low = vld1q_s32(bias), high = vld1q_s32(bias + 4);
    for (size_t r = 0; r < rows; r++) {
        sums[r][0] = vaddq_s32(vpaddq_s32(halves[r][0], halves[r][1]), low);
        sums[r][1] = vaddq_s32(vpaddq_s32(halves[r][2], halves[r][3]), high);
    }
}

CK_INLINE void pack_rows(size_t k, const int8_t *a, size_t lda, int8_t *packed) {
    (void)k, (void)a, (void)lda, (void)packed;
}

CK_INLINE void packed_tile(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *bias, int32x4_t sums[][2]) {
    (void)k, (void)packed, (void)weights, (void)bias, (void)sums;
}

#endif
