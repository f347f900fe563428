#pragma once

#include "qs8_neon.h"

#if defined(__ARM_NEON)

#if defined(__arm__)
// 16 registers hold what 4 rows by 4 columns need: two passes over the columns make a tile. Rows are packed, so that one
// load brings what 4 loads that repeat their 4 bytes would bring.
enum { TILE_ROWS = 4, TILE_PASSES = 2, PACKED_ROWS = TILE_ROWS, PACKED_K = 512 };
enum { PACKED_BYTES = 2 * PACKED_ROWS * PACKED_K };
// clang-format off
#define CK_FINISHED(sums) __asm__ volatile("" : "+w"((sums)[0]), "+w"((sums)[1]))
// clang-format on
#else
// No rows are packed: a load that repeats its 4 bytes needs nothing but a pointer.
enum { TILE_ROWS = 4, TILE_PASSES = 1, PACKED_ROWS = 0, PACKED_K = 0, PACKED_BYTES = 1 };
// clang-format off
#define CK_FINISHED(sums) __asm__ volatile("" : "+w"((sums)[0]), "+w"((sums)[1]), "+w"((sums)[2]), "+w"((sums)[3]))
// clang-format on
#endif

/// Accumulators of one row in one pass: halves of the sums of two columns each.
enum { PARTS = 4 / TILE_PASSES };

/// What one row contributes.
typedef struct {
    int16x8_t part[PARTS];
} row_products;

/// Products of the next 4 values of a row, which moves on, and one group of weights.
CK_INLINE void add_group(row_products *products, int first, const int8_t **row, const int8x16_t w[PARTS / 2]) {
    const int8x16_t x = ck_repeat4(row);
    for (size_t i = 0; i < PARTS / 2; i++) {
        int16x8_t *low = &products->part[2 * i], *high = &products->part[2 * i + 1];
        if (first) {
            *low = vmull_s8(vget_low_s8(w[i]), vget_low_s8(x));
            *high = vmull_high_s8(w[i], x);
        } else {
            *low = vmlal_s8(*low, vget_low_s8(w[i]), vget_low_s8(x));
            *high = vmlal_high_s8(*high, w[i], x);
        }
    }
}

/// Adds the products of `groups` (1...4) groups: as many as fit 16 bits, given how weights are bounded.
CK_INLINE void add_groups(
    size_t rows, size_t groups, int first, const int8_t *row[], const int8_t *weights, int32x4_t halves[][PARTS]) {
    int8x16_t w[4][PARTS / 2];
    for (size_t g = 0; g < groups; g++) {
        w[g][0] = vld1q_s8(weights + 32 * g);
        if (PARTS > 2) w[g][PARTS / 2 - 1] = vld1q_s8(weights + 32 * g + 16);
    }
    for (size_t r = 0; r < rows; r++) {
        row_products products;
#pragma clang loop unroll(full)
        for (size_t g = 0; g < groups; g++) add_group(&products, g == 0, &row[r], w[g]);
        for (size_t i = 0; i < PARTS; i++)
            halves[r][i] = first ? vpaddlq_s16(products.part[i]) : vpadalq_s16(halves[r][i], products.part[i]);
        // One row after the other: rows begun side by side would not fit the registers.
        CK_FINISHED(halves[r]);
    }
}

/// The sums of one pass, without bias.
CK_INLINE void tile_pass(
    size_t pass, size_t rows, size_t k, const int8_t *a, size_t lda, const int8_t *weights, int32x4_t sums[][2]) {
    int32x4_t halves[TILE_ROWS][PARTS];
    const int8_t *row[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) row[r] = ck_opaque(a + r * lda);
    if (k >= 16) {
        add_groups(rows, 4, 1, row, weights, halves);
        weights += 128;
        for (size_t chunk = k / 16 - 1; chunk > 0; chunk--, weights += 128)
            add_groups(rows, 4, 0, row, weights, halves);
    } else {
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < PARTS; i++) halves[r][i] = vdupq_n_s32(0);
    }
    if (k & 8) {
        add_groups(rows, 2, 0, row, weights, halves);
        weights += 64;
    }
    if (k & 4) add_groups(rows, 1, 0, row, weights, halves);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < PARTS / 2; i++) sums[r][pass + i] = vpaddq_s32(halves[r][2 * i], halves[r][2 * i + 1]);
}

/// sums[row] = bias + the products of `rows` rows of A and 8 packed columns. A row is read exactly. `bias` may be NULL.
CK_INLINE void tile(
    size_t rows, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const int32_t *bias,
    int32x4_t sums[][2]) {
    tile_pass(0, rows, k, a, lda, weights, sums);
    if (TILE_PASSES > 1) tile_pass(1, rows, k, a, lda, weights + 16, sums);
    if (!bias) return;
    const int32x4_t low = vld1q_s32(bias), high = vld1q_s32(bias + 4);
    for (size_t r = 0; r < rows; r++) {
        sums[r][0] = vaddq_s32(sums[r][0], low);
        sums[r][1] = vaddq_s32(sums[r][1], high);
    }
}

#if defined(__arm__)

#include "qs8_tile__neon32.h"

#else

CK_INLINE void pack_row(size_t r, size_t k, const int8_t *a, int8_t *packed) {
    (void)r, (void)k, (void)a, (void)packed;
}

CK_INLINE void pack_rows(size_t k, const int8_t *a, size_t lda, int8_t *packed) {
    (void)k, (void)a, (void)lda, (void)packed;
}

CK_INLINE void fill_start(const int32_t *bias, int32_t *start) { (void)bias, (void)start; }

CK_INLINE void packed_tile(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *start, int32x4_t sums[][2]) {
    (void)k, (void)packed, (void)weights, (void)start, (void)sums;
}

#endif

#endif
