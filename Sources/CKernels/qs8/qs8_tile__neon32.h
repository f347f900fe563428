#pragma once

// The packed tile of the path neon on 32 bits; qs8_tile__neon.h includes it.

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

/// The bias of 8 columns in packed_tile's layout.
CK_INLINE void fill_start(const int32_t *bias, int32_t *start) {
    const int32x4_t zero = vdupq_n_s32(0);
    const int32x4x2_t low = {{vld1q_s32(bias), zero}}, high = {{vld1q_s32(bias + 4), zero}};
    vst2q_s32(start, low);
    vst2q_s32(start + 8, high);
}

// clang-format off
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
// clang-format on

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
