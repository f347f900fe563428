#pragma once

// SiLU and GELU of the path neon on 32 bits; qs8_neon.h includes it.

typedef struct {
    const ck_curve *curve;
} ck_silu_tables;

// clang-format off
CK_INLINE ck_silu_tables ck_load_silu_tables(const ck_curve *curve) { return (ck_silu_tables){curve}; }

// 16 values in q8 and q9; gain, tau, dip and lift of the first 8 channels in q0...q3.
#define CK_LOOK_UP(table, low, high)                                                                                   \
    "vld1.8 {d28, d29, d30, d31}, [" table "]!\n"                                                                      \
    "vtbl.8 " low ", {d28, d29, d30, d31}, d24\n vtbl.8 " high ", {d28, d29, d30, d31}, d25\n"                         \
    "vld1.8 {d28, d29, d30, d31}, [" table "]\n"                                                                       \
    "vtbx.8 " low ", {d28, d29, d30, d31}, d26\n vtbx.8 " high ", {d28, d29, d30, d31}, d27\n"
#define CK_SILU2(gain, tau, dip, lift)                                                                                 \
    "vqabs.s16 q10, q8\n vqabs.s16 q11, q9\n"                                                                          \
    "vqrdmulh.s16 q10, q10, q1\n vqrdmulh.s16 q11, q11, " tau "\n"                                                     \
    "vqshrn.u16 d24, q10, #6\n vqshrn.u16 d25, q11, #6\n"                                                              \
    "vuzp.8 q10, q11\n vmov.i8 q13, #63\n vand q10, q10, q13\n"                                                        \
    "vmov.i8 q13, #32\n vsub.i8 q13, q12, q13\n" /* Beyond the last cell a look-up gives 0, as the last cell would. */ \
    CK_LOOK_UP("%[base]", "d22", "d23") CK_LOOK_UP("%[slope]", "d2", "d3")                                             \
    "vshll.u8 q12, d22, #7\n vshll.u8 q13, d23, #7\n"                                                                  \
    "vmlal.s8 q12, d2, d20\n vmlal.s8 q13, d3, d21\n"                                                                  \
    "vmov.i8 q10, #0\n vmax.s16 q8, q8, q10\n vmax.s16 q9, q9, q10\n"                                                  \
    "vqshl.s16 q8, q8, q3\n vqshl.s16 q9, q9, " lift "\n"                                                              \
    "vqrdmulh.s16 q12, q12, q2\n vqrdmulh.s16 q13, q13, " dip "\n"                                                     \
    "vqrdmulh.s16 q8, q8, q0\n vqrdmulh.s16 q9, q9, " gain "\n"                                                        \
    "vqadd.s16 q8, q8, q12\n vqadd.s16 q9, q9, q13\n"

/// v of SiLU or GELU for two groups of 8 channels, `p` and `q`.
///
/// In assembly: the compiler keeps tables and parameters in registers, of which there are too few, and spills them.
CK_INLINE void ck_silu2(
    int16x8_t x[2], const ck_loaded_channels *p, const ck_loaded_channels *q, const ck_silu_tables *tables) {
    _Static_assert(
        offsetof(ck_qs8_channels, tau) == offsetof(ck_qs8_channels, gain) + 16 &&
            offsetof(ck_qs8_channels, dip) == offsetof(ck_qs8_channels, gain) + 32 &&
            offsetof(ck_qs8_channels, lift) == offsetof(ck_qs8_channels, gain) + 48 &&
            offsetof(ck_qs8_channels, zero) == offsetof(ck_qs8_channels, gain) + 80,
        "the order of the loads");
    register int16x8_t x0 __asm__("q8") = x[0], x1 __asm__("q9") = x[1];
    const uint8_t *base = tables->curve->base;
    const int8_t *slope = tables->curve->slope;
    const int16_t *first = p->stored->gain, *second = q->stored->gain;
    if (p->stored == q->stored) {
        __asm__("vld1.16 {d0, d1, d2, d3}, [%[p]]!\n vld1.16 {d4, d5, d6, d7}, [%[p]]!\n" //
                CK_SILU2("q0", "q1", "q2", "q3")
                "add %[p], %[p], #16\n vld1.16 {d20, d21}, [%[p]]\n"
                "vqadd.s16 q8, q8, q10\n vqadd.s16 q9, q9, q10\n"
                : "+w"(x0), "+w"(x1), [p] "+r"(first), [base] "+r"(base), [slope] "+r"(slope)
                : "m"(*p->stored), "m"(*tables->curve)
                : "q0", "q1", "q2", "q3", "q10", "q11", "q12", "q13", "q14", "q15");
    } else {
        __asm__("vld1.16 {d0, d1, d2, d3}, [%[p]]!\n vld1.16 {d4, d5, d6, d7}, [%[p]]!\n"
                "vld1.16 {d8, d9, d10, d11}, [%[q]]!\n vld1.16 {d12, d13, d14, d15}, [%[q]]!\n" //
                CK_SILU2("q4", "q5", "q6", "q7")
                "add %[p], %[p], #16\n vld1.16 {d20, d21}, [%[p]]\n"
                "add %[q], %[q], #16\n vld1.16 {d22, d23}, [%[q]]\n"
                "vqadd.s16 q8, q8, q10\n vqadd.s16 q9, q9, q11\n"
                : "+w"(x0), "+w"(x1), [p] "+r"(first), [q] "+r"(second), [base] "+r"(base), [slope] "+r"(slope)
                : "m"(*p->stored), "m"(*q->stored), "m"(*tables->curve)
                : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q10", "q11", "q12", "q13", "q14", "q15");
    }
    x[0] = x0;
    x[1] = x1;
}
// clang-format on

#undef CK_SILU2
#undef CK_LOOK_UP
