#pragma once

#if defined(__aarch64__)

#define CK_TARGET __attribute__((target("arch=armv8.1-a+dotprod")))
#define CK_HAS_RDM
#include "qs8_neon.h"

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
#define GROUP(g)                                                                                                       \
    do {                                                                                                               \
        const int8x16_t w0 = vld1q_s8(weights + 32 * (g)), w1 = vld1q_s8(weights + 32 * (g) + 16);                     \
        for (size_t r = 0; r < rows; r++) {                                                                            \
            sums[r][0] = vdotq_laneq_s32(sums[r][0], w0, x[r], g);                                                     \
            sums[r][1] = vdotq_laneq_s32(sums[r][1], w1, x[r], g);                                                     \
        }                                                                                                              \
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

/// Row `r` of the same.
CK_INLINE void pack_row(size_t r, size_t k, const int8_t *a, int8_t *packed) {
    ck_copy_words(packed + 4 * r, a, k, 4 * TILE_ROWS);
}

/// What packed_tile starts with: the bias of 8 columns twice, so that 4 loads of 64 bytes set all sums.
CK_INLINE void fill_start(const int32_t *bias, int32_t *start) {
    for (size_t i = 0; i < 2; i++) __builtin_memcpy(start + 8 * i, bias, 8 * sizeof *bias);
}

// One group of 4 k: 8 rows in lanes of x0 and x1, 8 columns in w0 and w1, sums in v16...v31.
#define CK_GROUP(w0, w1, x0, x1)                                                                                       \
    CK_ROW("16", "17", w0, w1, x0, "0")                                                                                \
    CK_ROW("18", "19", w0, w1, x0, "1")                                                                                \
    CK_ROW("20", "21", w0, w1, x0, "2")                                                                                \
    CK_ROW("22", "23", w0, w1, x0, "3")                                                                                \
    CK_ROW("24", "25", w0, w1, x1, "0")                                                                                \
    CK_ROW("26", "27", w0, w1, x1, "1")                                                                                \
    CK_ROW("28", "29", w0, w1, x1, "2")                                                                                \
    CK_ROW("30", "31", w0, w1, x1, "3")
// clang-format off
#define CK_ROW(s0, s1, w0, w1, x, lane)                                                                            \
    "sdot v" s0 ".4s, v" w0 ".16b, v" x ".4b[" lane "]\n"                                                          \
    "sdot v" s1 ".4s, v" w1 ".16b, v" x ".4b[" lane "]\n"
#define CK_TWO_GROUPS                                                                                              \
    "ld1 {v0.16b, v1.16b, v2.16b, v3.16b}, [%[x]], #64\n"                                                          \
    "ld1 {v4.16b, v5.16b, v6.16b, v7.16b}, [%[w]], #64\n" CK_GROUP("4", "5", "0", "1") CK_GROUP("6", "7", "2", "3")

/// `tile` for 8 packed rows.
///
/// In assembly: left to itself the compiler copies what loads of four registers bring, and spills sums.
CK_INLINE CK_TARGET void packed_tile(
    size_t k, const int8_t *packed, const int8_t *weights, const int32_t *start, int32x4_t sums[][2]) {
    register int32x4_t s00 __asm__("v16"), s01 __asm__("v17"), s10 __asm__("v18"), s11 __asm__("v19");
    register int32x4_t s20 __asm__("v20"), s21 __asm__("v21"), s30 __asm__("v22"), s31 __asm__("v23");
    register int32x4_t s40 __asm__("v24"), s41 __asm__("v25"), s50 __asm__("v26"), s51 __asm__("v27");
    register int32x4_t s60 __asm__("v28"), s61 __asm__("v29"), s70 __asm__("v30"), s71 __asm__("v31");
    size_t chunks = k / 16;
    __asm__ volatile(
        "ld1 {v16.4s, v17.4s, v18.4s, v19.4s}, [%[start]]\n"
        "ld1 {v20.4s, v21.4s, v22.4s, v23.4s}, [%[start]]\n"
        "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[start]]\n"
        "ld1 {v28.4s, v29.4s, v30.4s, v31.4s}, [%[start]]\n"
        "cbz %[n], 2f\n"
        "1:\n" CK_TWO_GROUPS CK_TWO_GROUPS
        "subs %[n], %[n], #1\n"
        "b.ne 1b\n"
        "2: tbz %w[k], #3, 3f\n" CK_TWO_GROUPS
        "3: tbz %w[k], #2, 4f\n"
        "ld1 {v0.16b, v1.16b}, [%[x]]\n"
        "ld1 {v4.16b, v5.16b}, [%[w]]\n" CK_GROUP("4", "5", "0", "1")
        "4:\n"
        : "=w"(s00), "=w"(s01), "=w"(s10), "=w"(s11), "=w"(s20), "=w"(s21), "=w"(s30), "=w"(s31), "=w"(s40),
          "=w"(s41), "=w"(s50), "=w"(s51), "=w"(s60), "=w"(s61), "=w"(s70), "=w"(s71), [n] "+r"(chunks),
          [x] "+r"(packed), [w] "+r"(weights)
        : [start] "r"(start), [k] "r"(k)
        : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "cc", "memory");
    sums[0][0] = s00, sums[0][1] = s01, sums[1][0] = s10, sums[1][1] = s11;
    sums[2][0] = s20, sums[2][1] = s21, sums[3][0] = s30, sums[3][1] = s31;
    sums[4][0] = s40, sums[4][1] = s41, sums[5][0] = s50, sums[5][1] = s51;
    sums[6][0] = s60, sums[6][1] = s61, sums[7][0] = s70, sums[7][1] = s71;
}
// clang-format on

#endif
