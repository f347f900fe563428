#pragma once

#include "qs8_neon.h"

#if defined(__ARM_NEON)

#if defined(__arm__)
// 16 registers hold what 4 rows by 4 columns need: two passes over the columns make a tile. Rows are packed, so that one
// load brings what 4 loads that repeat their 4 bytes would bring.
enum { TILE_ROWS = 4, TILE_PASSES = 2, PACKED_ROWS = TILE_ROWS, PACKED_K = 512 };
enum { PACKED_BYTES = 2 * PACKED_ROWS * PACKED_K };
#define CK_FINISHED(sums) __asm__ volatile("" : "+w"((sums)[0]), "+w"((sums)[1]))
#else
// No rows are packed: a load that repeats its 4 bytes needs nothing but a pointer.
enum { TILE_ROWS = 4, TILE_PASSES = 1, PACKED_ROWS = 0, PACKED_K = 0, PACKED_BYTES = 1 };
#define CK_FINISHED(sums) __asm__ volatile("" : "+w"((sums)[0]), "+w"((sums)[1]), "+w"((sums)[2]), "+w"((sums)[3]))
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
        for (size_t i = 0; i < PARTS / 2; i++)
            sums[r][pass + i] = vpaddq_s32(halves[r][2 * i], halves[r][2 * i + 1]);
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

// Packed rows: for each 16 k [4 rows][4 groups][2][4], each 4 values twice; for the 8 and the 4 that may follow the same
// with fewer groups.

/// 16 k of a row.
CK_INLINE void pack16(int8x16_t values, int8_t *packed) {
    const uint32x4_t words = vreinterpretq_u32_s8(values);
    const uint32x4x2_t twice = {{words, words}};
    vst2q_u32((uint32_t *)packed, twice);
}

/// Row `r` of a tile.
CK_INLINE void pack_row(size_t r, size_t k, const int8_t *a, int8_t *packed) {
    for (packed += 32 * r; k >= 16; k -= 16, a += 16, packed += 32 * TILE_ROWS) pack16(vld1q_s8(a), packed);
    packed -= 16 * r;
    if (k & 8) {
        const uint32x2_t words = vreinterpret_u32_s8(vld1_s8(a));
        const uint32x2x2_t twice = {{words, words}};
        vst2_u32((uint32_t *)packed, twice);
        a += 8;
        packed += 64;
    }
    if (k & 4) vst1_s8(packed - 8 * r, vget_low_s8(ck_repeat4(&a)));
}

CK_INLINE void pack_rows(size_t k, const int8_t *a, size_t lda, int8_t *packed) {
#pragma clang loop unroll(disable)
    for (size_t r = 0; r < TILE_ROWS; r++) pack_row(r, k, a + r * lda, packed);
}

/// The bias of 8 columns as packed_tile wants it.
CK_INLINE void fill_start(const int32_t *bias, int32_t *start) {
    const int32x4_t zero = vdupq_n_s32(0);
    const int32x4x2_t low = {{vld1q_s32(bias), zero}}, high = {{vld1q_s32(bias + 4), zero}};
    vst2q_s32(start, low);
    vst2q_s32(start + 8, high);
}

// A row's 4 repeated values in d8...d11, 4 groups of weights in q0...q3, products in q6 and q7.
#define CK_ROW1(s0, s1, more)                                                                                          \
    "vmull.s8 q6, d0, d8\n"                                                                                            \
    "vmull.s8 q7, d1, d8\n" more "vpadal.s16 " s0 ", q6\n"                                                             \
    "vpadal.s16 " s1 ", q7\n"
#define CK_ROW2(s0, s1, more)                                                                                          \
    CK_ROW1(                                                                                                           \
        s0, s1,                                                                                                        \
        "vmlal.s8 q6, d2, d9\n"                                                                                        \
        "vmlal.s8 q7, d3, d9\n" more)
#define CK_ROW4(s0, s1)                                                                                                \
    "vld1.8 {d8, d9, d10, d11}, [%[x]]!\n" CK_ROW2(                                                                    \
        s0, s1,                                                                                                        \
        "vmlal.s8 q6, d4, d10\n"                                                                                       \
        "vmlal.s8 q7, d5, d10\n"                                                                                       \
        "vmlal.s8 q6, d6, d11\n"                                                                                       \
        "vmlal.s8 q7, d7, d11\n")

/// One pass of `packed_tile`, 4 columns. `start` has a 0 behind each bias.
///
/// In assembly: left to itself the compiler spills accumulators.
CK_INLINE void packed_pass(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *start, int32x4_t *sums0, int32x4_t *sums1,
    int32x4_t *sums2, int32x4_t *sums3) {
    register int32x4_t s0 __asm__("q8"), s1 __asm__("q9"), s2 __asm__("q10"), s3 __asm__("q11");
    size_t chunks = k / 16;
    __asm__ volatile(
        "vld1.32 {d16, d17, d18, d19}, [%[start]]\n"
        "vld1.32 {d20, d21, d22, d23}, [%[start]]\n"
        "vld1.32 {d24, d25, d26, d27}, [%[start]]\n"
        "vld1.32 {d28, d29, d30, d31}, [%[start]]\n"
        "cmp %[n], #0\n"
        "beq 2f\n"
        "1:\n"
        "vld1.8 {d0, d1}, [%[w]], %[step]\n"
        "vld1.8 {d2, d3}, [%[w]], %[step]\n"
        "vld1.8 {d4, d5}, [%[w]], %[step]\n"
        "vld1.8 {d6, d7}, [%[w]], %[step]\n"
        "subs %[n], %[n], #1\n" //
        CK_ROW4("q8", "q9") CK_ROW4("q10", "q11") CK_ROW4("q12", "q13") CK_ROW4("q14", "q15")
        "bne 1b\n"
        "2: tst %[k], #12\n"
        "beq 4f\n"
        "tst %[k], #8\n"
        "beq 3f\n"
        "vld1.8 {d0, d1}, [%[w]], %[step]\n"
        "vld1.8 {d2, d3}, [%[w]], %[step]\n"
        "vld1.8 {d8, d9}, [%[x]]!\n" CK_ROW2("q8", "q9", "")
        "vld1.8 {d8, d9}, [%[x]]!\n" CK_ROW2("q10", "q11", "")
        "vld1.8 {d8, d9}, [%[x]]!\n" CK_ROW2("q12", "q13", "")
        "vld1.8 {d8, d9}, [%[x]]!\n" CK_ROW2("q14", "q15", "")
        "3: tst %[k], #4\n"
        "beq 4f\n"
        "vld1.8 {d0, d1}, [%[w]]\n"
        "vld1.8 {d8}, [%[x]]!\n" CK_ROW1("q8", "q9", "")
        "vld1.8 {d8}, [%[x]]!\n" CK_ROW1("q10", "q11", "")
        "vld1.8 {d8}, [%[x]]!\n" CK_ROW1("q12", "q13", "")
        "vld1.8 {d8}, [%[x]]!\n" CK_ROW1("q14", "q15", "")
        "4:\n"
        "vpadd.i32 d16, d16, d17\n"
        "vpadd.i32 d17, d18, d19\n"
        "vpadd.i32 d18, d20, d21\n"
        "vpadd.i32 d19, d22, d23\n"
        "vpadd.i32 d20, d24, d25\n"
        "vpadd.i32 d21, d26, d27\n"
        "vpadd.i32 d22, d28, d29\n"
        "vpadd.i32 d23, d30, d31\n"
        : "=w"(s0), "=w"(s1), "=w"(s2), "=w"(s3), [n] "+r"(chunks), [x] "+r"(packed), [w] "+r"(weights)
        : [start] "r"(start), [k] "r"(k), [step] "r"(32)
        : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q12", "q13", "q14", "q15", "cc", "memory");
    *sums0 = s0, *sums1 = s1, *sums2 = s2, *sums3 = s3;
}

#undef CK_ROW4
#undef CK_ROW2
#undef CK_ROW1

/// `tile` for 4 packed rows.
CK_INLINE void packed_tile(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *start, int32x4_t sums[][2]) {
    for (size_t pass = 0; pass < TILE_PASSES; pass++)
        packed_pass(
            k, packed, weights + 16 * pass, start + 8 * pass, &sums[0][pass], &sums[1][pass], &sums[2][pass],
            &sums[3][pass]);
}

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
