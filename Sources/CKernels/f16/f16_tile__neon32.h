#pragma once

// The tile of the path neon on 32 bits; f16_vectors__neon.h includes it.

#define CK_WHOLE_TILE

// Products of the whole tile in assembly: the compiler begins several rows of B at once, and spills. A's rows pass
// through q0...q3, B's through q4...q7, the sums stay in q8...q15.

// clang-format off
#define CK_STEP(row0, row1, row2, row3, b0, b1)                                                                        \
    "vmla.f32 q8, " b0 ", " row0 "\n vmla.f32 q9, " b1 ", " row0 "\n"                                                  \
    "vmla.f32 q10, " b0 ", " row1 "\n vmla.f32 q11, " b1 ", " row1 "\n"                                                \
    "vmla.f32 q12, " b0 ", " row2 "\n vmla.f32 q13, " b1 ", " row2 "\n"                                                \
    "vmla.f32 q14, " b0 ", " row3 "\n vmla.f32 q15, " b1 ", " row3 "\n"
// A row of B is loaded a step before it is used.
#define CK_4_STEPS(load, other_load)                                                                                   \
    load other_load CK_STEP("d0[0]", "d2[0]", "d4[0]", "d6[0]", "q4", "q5")                                            \
    load CK_STEP("d0[1]", "d2[1]", "d4[1]", "d6[1]", "q6", "q7")                                                       \
    other_load CK_STEP("d1[0]", "d3[0]", "d5[0]", "d7[0]", "q4", "q5")                                                 \
    CK_STEP("d1[1]", "d3[1]", "d5[1]", "d7[1]", "q6", "q7")
#define CK_LOAD_HALVES(low, high, part0, part1)                                                                        \
    "vld1.16 {" part0 ", " part1 "}, [%[b]], %[step]\n vcvt.f32.f16 " low ", " part0 "\n vcvt.f32.f16 " high           \
    ", " part1 "\n"
// Halves are loaded into the upper of the registers that they fill, of which the second conversion reads the last.
#define CK_HALVES CK_LOAD_HALVES("q4", "q5", "d10", "d11")
#define CK_OTHER_HALVES CK_LOAD_HALVES("q6", "q7", "d14", "d15")
#define CK_FLOATS "vld1.32 {d8, d9, d10, d11}, [%[b]], %[step]\n"
#define CK_OTHER_FLOATS "vld1.32 {d12, d13, d14, d15}, [%[b]], %[step]\n"

#define CK_BIND                                                                                                        \
    register float32x4_t s0 __asm__("q8"), s1 __asm__("q9"), s2 __asm__("q10"), s3 __asm__("q11"),                     \
        s4 __asm__("q12"), s5 __asm__("q13"), s6 __asm__("q14"), s7 __asm__("q15")
#define CK_SUMS "=&w"(s0), "=&w"(s1), "=&w"(s2), "=&w"(s3), "=&w"(s4), "=&w"(s5), "=&w"(s6), "=&w"(s7)
#define CK_CLOBBERS "cc", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7"
#define CK_UNBIND(sums)                                                                                                \
    do {                                                                                                               \
        const float32x4_t all[8] = {s0, s1, s2, s3, s4, s5, s6, s7};                                                   \
        __builtin_memcpy(sums, all, sizeof all);                                                                       \
    } while (0)
#define CK_BEGIN                                                                                                       \
    "vld1.32 {d16, d17, d18, d19}, [%[bias]]\n vld1.32 {d20, d21, d22, d23}, [%[bias]]\n"                              \
    "vld1.32 {d24, d25, d26, d27}, [%[bias]]\n vld1.32 {d28, d29, d30, d31}, [%[bias]]\n"

/// sums = bias + `depth` steps of the whole tile.
CK_INLINE void ck_multiply_whole(
    const int in_parts, const size_t part, const ck_vector *bias, size_t depth, const char *row[TILE_ROWS],
    const char *weights, size_t step, ck_vector sums[TILE_ROWS][TILE_VECTORS]) {
    (void)in_parts, (void)part;
    size_t count = depth / 4, rest = depth % 4;
    CK_BIND;
    __asm__ volatile(
        CK_BEGIN
        "cmp %[count], #0\n beq 2f\n"
        "1:\n"
        "vld1.16 {d0}, [%[r0]]!\n vld1.16 {d2}, [%[r1]]!\n vld1.16 {d4}, [%[r2]]!\n vld1.16 {d6}, [%[r3]]!\n"
        "vcvt.f32.f16 q0, d0\n vcvt.f32.f16 q1, d2\n vcvt.f32.f16 q2, d4\n vcvt.f32.f16 q3, d6\n"
        "subs %[count], %[count], #1\n" //
        CK_4_STEPS(CK_HALVES, CK_OTHER_HALVES)
        "bne 1b\n"
        "2: cmp %[rest], #0\n beq 4f\n"
        "3:\n"
        "vld1.16 {d0[0]}, [%[r0]]!\n vld1.16 {d2[0]}, [%[r1]]!\n vld1.16 {d4[0]}, [%[r2]]!\n vld1.16 {d6[0]}, [%[r3]]!\n"
        "vcvt.f32.f16 q0, d0\n vcvt.f32.f16 q1, d2\n vcvt.f32.f16 q2, d4\n vcvt.f32.f16 q3, d6\n" //
        CK_HALVES
        "subs %[rest], %[rest], #1\n" //
        CK_STEP("d0[0]", "d2[0]", "d4[0]", "d6[0]", "q4", "q5")
        "bne 3b\n"
        "4:\n"
        : CK_SUMS, [r0] "+r"(row[0]), [r1] "+r"(row[1]), [r2] "+r"(row[2]), [r3] "+r"(row[3]), [b] "+r"(weights),
          [count] "+r"(count), [rest] "+r"(rest)
        : [step] "r"(step), [bias] "r"(bias)
        : CK_CLOBBERS);
    CK_UNBIND(sums);
}

/// sums = the product of a panel of A, [depth / 8][8 rows][8], and `depth` rows (a multiple of 4) of B.
CK_INLINE void ck_multiply_panel(
    size_t depth, const ck_scalar **panel, const ck_scalar **weights, size_t step, ck_vector sums[8][TILE_VECTORS]) {
    const ck_vector zero = {0};
    for (size_t top = 0; top < 8; top += TILE_ROWS) {
        const ck_scalar *a = *panel + 8 * top, *b = *weights;
        size_t count = depth / 4, ahead = (size_t)-112;
        CK_BIND;
        // 4 rows are 128 bytes; next come the other 4 values of these, or the first of the next 8.
        __asm__ volatile(
            CK_BEGIN
            "cmp %[count], #0\n beq 2f\n"
            "1:\n"
            "vld1.32 {d0, d1}, [%[a]], %[row]\n vld1.32 {d2, d3}, [%[a]], %[row]\n"
            "vld1.32 {d4, d5}, [%[a]], %[row]\n vld1.32 {d6, d7}, [%[a]], %[row]\n"
            "add %[a], %[a], %[ahead]\n rsb %[ahead], %[ahead], #0\n"
            "subs %[count], %[count], #1\n" //
            CK_4_STEPS(CK_FLOATS, CK_OTHER_FLOATS)
            "bne 1b\n"
            "2:\n"
            : CK_SUMS, [a] "+r"(a), [b] "+r"(b), [count] "+r"(count), [ahead] "+r"(ahead)
            : [step] "r"(step), [row] "r"(32), [bias] "r"(&zero)
            : CK_CLOBBERS);
        CK_UNBIND(sums + top);
    }
    *panel += ck_round_up(depth, 8) * 8;
    *weights = (const ck_scalar *)((const char *)*weights + depth * step);
}
// clang-format on

#undef CK_BEGIN
#undef CK_UNBIND
#undef CK_CLOBBERS
#undef CK_SUMS
#undef CK_BIND
#undef CK_OTHER_FLOATS
#undef CK_FLOATS
#undef CK_OTHER_HALVES
#undef CK_HALVES
#undef CK_LOAD_HALVES
#undef CK_4_STEPS
#undef CK_STEP
