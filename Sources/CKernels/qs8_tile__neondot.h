#pragma once

#define CK_TARGET __attribute__((target("arch=armv8.1-a+dotprod")))
#define CK_HAS_RDM
#include "qs8_neon.h"

#if defined(__aarch64__)

enum { TILE_ROWS = 8, PACKED_ROWS = TILE_ROWS, PACKED_K = 1024, PACKED_BYTES = PACKED_ROWS * PACKED_K };

/// sums[row] = bias + the products of `rows` rows of A and 8 packed columns. A row is read exactly. `bias` may be NULL.
CK_INLINE CK_TARGET void tile(
    size_t rows, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const int32_t *bias,
    int32x4_t sums[][2]) {
    const int32x4_t low = bias ? vld1q_s32(bias) : vdupq_n_s32(0);
    const int32x4_t high = bias ? vld1q_s32(bias + 4) : vdupq_n_s32(0);
    for (size_t r = 0; r < rows; r++) {
        sums[r][0] = low;
        sums[r][1] = high;
    }
    const int8_t *row[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) row[r] = ck_opaque(a + r * lda);
    for (size_t chunk = k / 16; chunk > 0; chunk--, weights += 128) {
        int8x16_t x[TILE_ROWS];
        for (size_t r = 0; r < rows; r++, row[r - 1] += 16) x[r] = vld1q_s8(row[r]);
#define GROUP(g)                                                                                                   \
    do {                                                                                                           \
        const int8x16_t w0 = vld1q_s8(weights + 32 * (g)), w1 = vld1q_s8(weights + 32 * (g) + 16);                 \
        for (size_t r = 0; r < rows; r++) {                                                                        \
            sums[r][0] = vdotq_laneq_s32(sums[r][0], w0, x[r], g);                                                 \
            sums[r][1] = vdotq_laneq_s32(sums[r][1], w1, x[r], g);                                                 \
        }                                                                                                          \
    } while (0)
        GROUP(0);
        GROUP(1);
        GROUP(2);
        GROUP(3);
#undef GROUP
    }
    if (k & 8) {
        const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16);
        const int8x16_t w2 = vld1q_s8(weights + 32), w3 = vld1q_s8(weights + 48);
        for (size_t r = 0; r < rows; r++) {
            const int8x8_t x = vld1_s8(row[r]);
            sums[r][0] = vdotq_lane_s32(vdotq_lane_s32(sums[r][0], w0, x, 0), w2, x, 1);
            sums[r][1] = vdotq_lane_s32(vdotq_lane_s32(sums[r][1], w1, x, 0), w3, x, 1);
        }
        for (size_t r = 0; r < rows; r++) row[r] += 8;
        weights += 64;
    }
    if (k & 4) {
        const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16);
        for (size_t r = 0; r < rows; r++) {
            const int8x16_t x = ck_repeat4(&row[r]);
            sums[r][0] = vdotq_s32(sums[r][0], w0, x);
            sums[r][1] = vdotq_s32(sums[r][1], w1, x);
        }
    }
}

/// Four rows of four words, turned around.
CK_INLINE void transpose_words(const int8x16_t rows[4], size_t words, int8_t *packed) {
    uint32x4_t x[4];
    for (size_t r = 0; r < 4; r++) x[r] = vreinterpretq_u32_s8(rows[r]);
    const uint32x4_t even = vzip1q_u32(x[0], x[2]), odd = vzip1q_u32(x[1], x[3]);
    vst1q_s8(packed, vreinterpretq_s8_u32(vzip1q_u32(even, odd)));
    if (words == 1) return;
    vst1q_s8(packed + 32, vreinterpretq_s8_u32(vzip2q_u32(even, odd)));
    if (words == 2) return;
    const uint32x4_t late_even = vzip2q_u32(x[0], x[2]), late_odd = vzip2q_u32(x[1], x[3]);
    vst1q_s8(packed + 64, vreinterpretq_s8_u32(vzip1q_u32(late_even, late_odd)));
    vst1q_s8(packed + 96, vreinterpretq_s8_u32(vzip2q_u32(late_even, late_odd)));
}

/// 8 rows of A as groups of [8 rows][4], so that two loads give all rows what one group of weights needs.
CK_INLINE void pack_rows(size_t k, const int8_t *a, size_t lda, int8_t *packed) {
    size_t p = 0;
    for (; p + 16 <= k; p += 16, packed += 128) {
        for (size_t half = 0; half < 2; half++) {
            int8x16_t x[4];
            for (size_t r = 0; r < 4; r++) x[r] = vld1q_s8(a + (4 * half + r) * lda + p);
            transpose_words(x, 4, packed + 16 * half);
        }
    }
    if (k & 8) {
        for (size_t half = 0; half < 2; half++) {
            int8x16_t x[4];
            for (size_t r = 0; r < 4; r++) x[r] = vcombine_s8(vld1_s8(a + (4 * half + r) * lda + p), vdup_n_s8(0));
            transpose_words(x, 2, packed + 16 * half);
        }
        p += 8;
        packed += 64;
    }
    if (k & 4)
        for (size_t r = 0; r < 8; r++) __builtin_memcpy(packed + 4 * r, a + r * lda + p, 4);
}

/// `tile` for 8 packed rows.
CK_INLINE CK_TARGET void packed_tile(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *bias, int32x4_t sums[][2]) {
    const int32x4_t low = bias ? vld1q_s32(bias) : vdupq_n_s32(0);
    const int32x4_t high = bias ? vld1q_s32(bias + 4) : vdupq_n_s32(0);
    for (size_t r = 0; r < 8; r++) {
        sums[r][0] = low;
        sums[r][1] = high;
    }
#define ROW(r, w0, w1, x, lane)                                                                                    \
    sums[r][0] = vdotq_laneq_s32(sums[r][0], w0, x, lane);                                                         \
    sums[r][1] = vdotq_laneq_s32(sums[r][1], w1, x, lane)
#define GROUP(w0, w1, x0, x1)                                                                                      \
    ROW(0, w0, w1, x0, 0);                                                                                         \
    ROW(1, w0, w1, x0, 1);                                                                                         \
    ROW(2, w0, w1, x0, 2);                                                                                         \
    ROW(3, w0, w1, x0, 3);                                                                                         \
    ROW(4, w0, w1, x1, 0);                                                                                         \
    ROW(5, w0, w1, x1, 1);                                                                                         \
    ROW(6, w0, w1, x1, 2);                                                                                         \
    ROW(7, w0, w1, x1, 3)
    for (size_t pair = k / 8; pair > 0; pair--, weights += 64, packed += 64) {
        const int8x16x4_t w = vld1q_s8_x4(weights), x = vld1q_s8_x4(packed);
        GROUP(w.val[0], w.val[1], x.val[0], x.val[1]);
        GROUP(w.val[2], w.val[3], x.val[2], x.val[3]);
    }
    if (k & 4) {
        const int8x16x2_t w = vld1q_s8_x2(weights), x = vld1q_s8_x2(packed);
        GROUP(w.val[0], w.val[1], x.val[0], x.val[1]);
    }
#undef ROW
#undef GROUP
}

#endif
