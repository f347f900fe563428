#pragma once

// Vectors of the path neonfp16: 8 lanes of half precision.

#include "f16_scalar.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#define CK_TARGET __attribute__((target("arch=armv8.2-a+fp16")))
#define CK_INLINE static inline __attribute__((always_inline)) CK_TARGET

/// What arithmetic is done in, and scratch memory contains.
typedef _Float16 ck_scalar;
typedef ck_scalar ck_vector __attribute__((vector_size(16)));
typedef float ck_wide __attribute__((vector_size(32)));
/// Consecutive values of a row of A.
typedef ck_vector ck_lanes;

enum {
    TILE_ROWS = 8,
    TILE_VECTORS = 2,
    TILE_DEPTH = 8,
    /// Products summed before they are added to the sums before them.
    GEMM_PART = 128,
    WEIGHTS_PART = 128,
};

#define CK_LANE(x, lane) ((x)[lane])

CK_INLINE ck_vector ck_load(const ck_scalar *from) {
    ck_vector v;
    __builtin_memcpy(&v, from, sizeof v);
    return v;
}

CK_INLINE void ck_store(ck_scalar *to, ck_vector v) { __builtin_memcpy(to, &v, sizeof v); }

CK_INLINE ck_vector ck_load_half(const uint16_t *from) { return ck_load((const ck_scalar *)from); }

CK_INLINE void ck_store_half(uint16_t *to, ck_vector v) { ck_store((ck_scalar *)to, v); }

/// TILE_DEPTH values, stored as halves or, if `wide`, as ck_scalar: the same here.
CK_INLINE ck_lanes ck_load_lanes(const void *from, int wide) {
    (void)wide;
    return ck_load(from);
}

CK_INLINE ck_scalar ck_load_one(const void *from, int wide) {
    (void)wide;
    return *(const ck_scalar *)from;
}

/// A row of B. Two vectors by the load that moves its pointer.
CK_INLINE void ck_load_row(const void *from, int vectors, int wide, ck_vector row[]) {
    (void)wide;
    if (vectors == 2) {
        const uint16x8x2_t two = vld1q_u16_x2(from);
        __builtin_memcpy(row, &two, sizeof two);
    } else {
        row[0] = ck_load(from);
    }
}

#define CK_WHOLE_TILE

// Products of the whole tile in assembly: the compiler, which has to give away all 32 registers here, moves them about
// in the loop. A's rows pass through v0...v7, B's through v8...v15, the sums stay in v16...v31.

// clang-format off
#define CK_ROW(sum0, sum1, x, b0, b1, lane, operation)                                                                 \
    operation " v" #sum0 ".8h, v" #b0 ".8h, v" #x ".h[" #lane "]\n"                                                    \
    operation " v" #sum1 ".8h, v" #b1 ".8h, v" #x ".h[" #lane "]\n"
#define CK_STEP(b0, b1, lane, operation)                                                                               \
    "ld1 {v" #b0 ".8h, v" #b1 ".8h}, [%[b]], %[step]\n"                                                                \
    CK_ROW(16, 17, 0, b0, b1, lane, operation) CK_ROW(18, 19, 1, b0, b1, lane, operation)                              \
    CK_ROW(20, 21, 2, b0, b1, lane, operation) CK_ROW(22, 23, 3, b0, b1, lane, operation)                              \
    CK_ROW(24, 25, 4, b0, b1, lane, operation) CK_ROW(26, 27, 5, b0, b1, lane, operation)                              \
    CK_ROW(28, 29, 6, b0, b1, lane, operation) CK_ROW(30, 31, 7, b0, b1, lane, operation)
#define CK_4_STEPS(operation)                                                                                          \
    CK_STEP(8, 9, 0, operation) CK_STEP(10, 11, 1, "fmla") CK_STEP(12, 13, 2, "fmla") CK_STEP(14, 15, 3, "fmla")
#define CK_8_STEPS(operation)                                                                                          \
    CK_4_STEPS(operation)                                                                                              \
    CK_STEP(8, 9, 4, "fmla") CK_STEP(10, 11, 5, "fmla") CK_STEP(12, 13, 6, "fmla") CK_STEP(14, 15, 7, "fmla")
#define CK_LOAD_ROWS                                                                                                   \
    "ldr q0, [%[r0]], #16\n ldr q1, [%[r1]], #16\n ldr q2, [%[r2]], #16\n ldr q3, [%[r3]], #16\n"                      \
    "ldr q4, [%[r4]], #16\n ldr q5, [%[r5]], #16\n ldr q6, [%[r6]], #16\n ldr q7, [%[r7]], #16\n"
#define CK_LOAD_ONES                                                                                                   \
    "ldr h0, [%[r0]], #2\n ldr h1, [%[r1]], #2\n ldr h2, [%[r2]], #2\n ldr h3, [%[r3]], #2\n"                          \
    "ldr h4, [%[r4]], #2\n ldr h5, [%[r5]], #2\n ldr h6, [%[r6]], #2\n ldr h7, [%[r7]], #2\n"
#define CK_LOAD_PANEL                                                                                                  \
    "ldp q0, q1, [%[a]], #32\n ldp q2, q3, [%[a]], #32\n ldp q4, q5, [%[a]], #32\n ldp q6, q7, [%[a]], #32\n"
#define CK_LOOP(body) "1:\n" body "subs %[count], %[count], #1\n b.ne 1b\n"
#define CK_BIND(r)                                                                                                     \
    register ck_vector s##r##0 __asm__(CK_FIRST_SUM_##r);                                                              \
    register ck_vector s##r##1 __asm__(CK_SECOND_SUM_##r)
// clang-format on
#define CK_FIRST_SUM_0 "v16"
#define CK_SECOND_SUM_0 "v17"
#define CK_FIRST_SUM_1 "v18"
#define CK_SECOND_SUM_1 "v19"
#define CK_FIRST_SUM_2 "v20"
#define CK_SECOND_SUM_2 "v21"
#define CK_FIRST_SUM_3 "v22"
#define CK_SECOND_SUM_3 "v23"
#define CK_FIRST_SUM_4 "v24"
#define CK_SECOND_SUM_4 "v25"
#define CK_FIRST_SUM_5 "v26"
#define CK_SECOND_SUM_5 "v27"
#define CK_FIRST_SUM_6 "v28"
#define CK_SECOND_SUM_6 "v29"
#define CK_FIRST_SUM_7 "v30"
#define CK_SECOND_SUM_7 "v31"
#define CK_EACH_ROW(macro)                                                                                             \
    macro(0);                                                                                                          \
    macro(1);                                                                                                          \
    macro(2);                                                                                                          \
    macro(3);                                                                                                          \
    macro(4);                                                                                                          \
    macro(5);                                                                                                          \
    macro(6);                                                                                                          \
    macro(7)
#define CK_UNBIND(r) sums[r][0] = s##r##0, sums[r][1] = s##r##1
#define CK_SUMS(constraint)                                                                                            \
    constraint(s00), constraint(s01), constraint(s10), constraint(s11), constraint(s20), constraint(s21),              \
        constraint(s30), constraint(s31), constraint(s40), constraint(s41), constraint(s50), constraint(s51),          \
        constraint(s60), constraint(s61), constraint(s70), constraint(s71)
#define CK_ROWS                                                                                                        \
    [r0] "+r"(row[0]), [r1] "+r"(row[1]), [r2] "+r"(row[2]), [r3] "+r"(row[3]), [r4] "+r"(row[4]), [r5] "+r"(row[5]),  \
        [r6] "+r"(row[6]), [r7] "+r"(row[7])
#define CK_CLOBBERS                                                                                                    \
    "cc", "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15"

// clang-format off
#define CK_BEGIN                                                                                                       \
    "ldp q16, q17, [%[bias]]\n ldp q18, q19, [%[bias]]\n ldp q20, q21, [%[bias]]\n ldp q22, q23, [%[bias]]\n"          \
    "ldp q24, q25, [%[bias]]\n ldp q26, q27, [%[bias]]\n ldp q28, q29, [%[bias]]\n ldp q30, q31, [%[bias]]\n"
#define CK_ALL_STEPS                                                                                                   \
    "cbz %[count], 2f\n" CK_LOOP(CK_LOAD_ROWS CK_8_STEPS("fmla")) "2:\n"                                               \
    "cbz %[rest], 4f\n 3:\n" CK_LOAD_ONES CK_STEP(8, 9, 0, "fmla") "subs %[rest], %[rest], #1\n b.ne 3b\n 4:\n"

#define CK_ADD_PAIR(first, second, offset)                                                                             \
    "ldp q0, q1, [%[before], #" #offset "]\n"                                                                          \
    "fadd v" #first ".8h, v" #first ".8h, v0.8h\n fadd v" #second ".8h, v" #second ".8h, v1.8h\n"
#define CK_STORE_PAIR(first, second, offset) "stp q" #first ", q" #second ", [%[before], #" #offset "]\n"
#define CK_EACH_PAIR(macro)                                                                                            \
    macro(16, 17, 0) macro(18, 19, 32) macro(20, 21, 64) macro(22, 23, 96)                                             \
    macro(24, 25, 128) macro(26, 27, 160) macro(28, 29, 192) macro(30, 31, 224)
#define CK_SUM_CLOBBERS                                                                                                \
    "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31"

/// sums = bias + `depth` steps of the whole tile. Above `part` steps, parts are summed on their own first.
CK_INLINE void ck_multiply_whole(
    const int in_parts, const size_t part, const ck_vector *bias, size_t depth, const char *row[TILE_ROWS],
    const char *weights, size_t step, ck_vector sums[TILE_ROWS][TILE_VECTORS]) {
    size_t count = depth / 8, rest = depth % 8;
    CK_EACH_ROW(CK_BIND);
    if (!in_parts) {
        __asm__ volatile(CK_BEGIN CK_ALL_STEPS
                         : CK_SUMS("=&w"), CK_ROWS, [b] "+r"(weights), [count] "+r"(count), [rest] "+r"(rest)
                         : [step] "r"(step), [bias] "r"(bias)
                         : CK_CLOBBERS);
    } else {
        ck_vector before[TILE_ROWS * TILE_VECTORS];
        count = part / 8;
        __asm__ volatile(CK_BEGIN CK_LOOP(CK_LOAD_ROWS CK_8_STEPS("fmla")) CK_EACH_PAIR(CK_STORE_PAIR)
                         : CK_ROWS, [b] "+r"(weights), [count] "+r"(count)
                         : [step] "r"(step), [bias] "r"(bias), [before] "r"(before)
                         : CK_CLOBBERS, CK_SUM_CLOBBERS);
        for (depth -= part; depth >= part + 8; depth -= part) {
            count = part / 8 - 1;
            __asm__ volatile(CK_LOAD_ROWS CK_8_STEPS("fmul") CK_LOOP(CK_LOAD_ROWS CK_8_STEPS("fmla"))
                             CK_EACH_PAIR(CK_ADD_PAIR) CK_EACH_PAIR(CK_STORE_PAIR)
                             : CK_ROWS, [b] "+r"(weights), [count] "+r"(count)
                             : [step] "r"(step), [before] "r"(before)
                             : CK_CLOBBERS, CK_SUM_CLOBBERS);
        }
        count = depth / 8 - 1;
        __asm__ volatile(CK_LOAD_ROWS CK_8_STEPS("fmul") CK_ALL_STEPS CK_EACH_PAIR(CK_ADD_PAIR)
                         : CK_SUMS("=&w"), CK_ROWS, [b] "+r"(weights), [count] "+r"(count), [rest] "+r"(rest)
                         : [step] "r"(step), [before] "r"(before)
                         : CK_CLOBBERS);
    }
    CK_EACH_ROW(CK_UNBIND);
}

/// sums = the product of a panel of A, [depth / 8][8 rows][8], and `depth` rows (a multiple of 4) of B.
CK_INLINE void ck_multiply_panel(
    size_t depth, const ck_scalar **panel, const ck_scalar **weights, size_t step,
    ck_vector sums[TILE_ROWS][TILE_VECTORS]) {
    size_t count = depth / 8;
    CK_EACH_ROW(CK_BIND);
    if (depth == 16) {
        __asm__ volatile(CK_LOAD_PANEL CK_8_STEPS("fmul") CK_LOAD_PANEL CK_8_STEPS("fmla")
                         : CK_SUMS("=&w"), [a] "+r"(*panel), [b] "+r"(*weights)
                         : [step] "r"(step)
                         : CK_CLOBBERS);
    } else {
        const ck_vector zero[2] = {0};
        __asm__ volatile(CK_BEGIN "cbz %[count], 2f\n" CK_LOOP(CK_LOAD_PANEL CK_8_STEPS("fmla")) "2:\n"
                         "tbz %[depth], #2, 3f\n" CK_LOAD_PANEL CK_4_STEPS("fmla") "3:\n"
                         : CK_SUMS("=&w"), [a] "+r"(*panel), [b] "+r"(*weights), [count] "+r"(count)
                         : [step] "r"(step), [depth] "r"(depth), [bias] "r"(zero)
                         : CK_CLOBBERS);
    }
    CK_EACH_ROW(CK_UNBIND);
}
// clang-format on

CK_INLINE ck_vector ck_maximum(ck_vector a, ck_vector b) {
    return (ck_vector)vmaxnmq_f16((float16x8_t)a, (float16x8_t)b);
}

CK_INLINE ck_vector ck_minimum(ck_vector a, ck_vector b) {
    return (ck_vector)vminnmq_f16((float16x8_t)a, (float16x8_t)b);
}

/// a / b, to within the last two bits.
CK_INLINE ck_vector ck_quotient(ck_vector a, ck_vector b) {
    const float16x8_t divisor = (float16x8_t)b, estimate = vrecpeq_f16(divisor);
    return a * (ck_vector)vmulq_f16(estimate, vrecpsq_f16(divisor, estimate));
}

CK_INLINE ck_scalar ck_largest(ck_vector v) { return (ck_scalar)vmaxnmvq_f16((float16x8_t)v); }

// 2^f for f in 0...1 is 1 + f - k f (1 - f) within 0.3 %: with u = f - 1/2 that is a straight line plus k (u^2 - 1/4).
// The straight line is what the bits of a half are, read as an integer, so that a fixed-point number of 10 fractional
// bits becomes its power of two by one addition and the square. k = 0.3431, in units of the square's fixed point:
enum { POWER_CURVE = 88, POWER_ONE = 15 << 10 };

/// Half-precision bits `base` - `u` plus the curve: 2^-n times what `base` alone gives for u = 512 + 1024 n. 0 where
/// u is too large.
CK_INLINE ck_vector ck_power_below(uint16_t base, uint16x8_t u) {
    const int16x8_t fraction = vreinterpretq_s16_u16(vshlq_n_u16(u, 6));
    const int16x8_t square = vqrdmulhq_s16(fraction, fraction);
    const uint16x8_t line = vqsubq_u16(vdupq_n_u16(base), u);
    return (ck_vector)vqrdmlahq_s16(vreinterpretq_s16_u16(line), square, vdupq_n_s16(POWER_CURVE));
}

/// 2^-x for x in 0...63.
CK_INLINE ck_vector ck_decay(ck_vector x) {
    const float16x8_t half = (float16x8_t)(x + (ck_scalar)0.5f);
    return ck_power_below(POWER_ONE + 512 - POWER_CURVE, vcvtq_n_u16_f16(half, 10));
}

/// The score's weight, 2^(score - largest) * 2^-shift, with what ck_weights_of made of largest and shift.
typedef struct {
    float16x8_t limit;
    uint16_t base;
} ck_weights;

CK_INLINE ck_weights ck_weights_of(ck_scalar largest, int shift) {
    // Half a step up, so that the largest score's u is 512.
    return (ck_weights){
        vdupq_n_f16((float16_t)(largest + (ck_scalar)0.5f)), (uint16_t)(POWER_ONE - (shift << 10) + 512 - POWER_CURVE)};
}

CK_INLINE ck_vector ck_weight(ck_vector score, const ck_weights *weights) {
    return ck_power_below(weights->base, vcvtq_n_u16_f16(vsubq_f16(weights->limit, (float16x8_t)score), 10));
}

/// x / (1 + e^-x).
CK_INLINE ck_vector ck_silu8(ck_vector x) {
    // log2(e) in 1024ths. Powers beyond half precision become infinity, whose reciprocal is 0.
    const int16x8_t exponent = vcvtnq_s16_f16((float16x8_t)(x * (ck_scalar)1477.32f));
    const int16x8_t clamped = vmaxq_s16(exponent, vdupq_n_s16(-16384));
    const uint16x8_t u = vreinterpretq_u16_s16(vaddq_s16(clamped, vdupq_n_s16(16384 + 512)));
    const ck_vector power = ck_power_below((31 << 10) + 512 - POWER_CURVE, u);
    return ck_quotient(x, power + (ck_scalar)1.0f);
}

#endif
