#pragma once

// What the NEON paths share: the rounding of ckernels_qs8.h on vectors.

#include "qs8_scalar.h"

#if defined(__ARM_NEON)

#include "../common/neon32.h"

#define CK_INLINE static inline __attribute__((always_inline))
// A path whose cores can do more defines what before it includes this file.
#ifndef CK_TARGET
#define CK_TARGET
#endif

/// sat16(sum + mulh(a, b)).
CK_INLINE CK_TARGET int16x8_t ck_add_mulh(int16x8_t sum, int16x8_t a, int16x8_t b) {
#ifdef CK_HAS_RDM
    return vqrdmlahq_s16(sum, a, b);
#else
    return vqaddq_s16(sum, vqrdmulhq_s16(a, b));
#endif
}

// clang-format off
/// `pointer`, of which the compiler knows no more than that: it stays in a register of its own instead of being computed
/// again from another one at each use.
CK_INLINE const int8_t *ck_opaque(const int8_t *pointer) {
    __asm__("" : "+r"(pointer));
    return pointer;
}

/// The next 4 values, four times; moves `a` past them. In assembly because the compiler neither keeps all 16 bytes (it
/// halves the register and splits it again for each use) nor uses the load that moves its pointer.
CK_INLINE int8x16_t ck_repeat4(const int8_t **a) {
#if defined(__arm__)
    int8x8_t repeated;
    __asm__ volatile("vld1.32 {%P0[]}, [%1]!" : "=w"(repeated), "+r"(*a) : "m"(*(const int8_t(*)[4]) * a));
    return vcombine_s8(repeated, repeated);
#else
    int8x16_t repeated;
    __asm__ volatile("ld1r {%0.4s}, [%1], #4" : "=w"(repeated), "+r"(*a) : "m"(*(const int8_t(*)[4]) * a));
    return repeated;
#endif
}
// clang-format on

/// Copies `size` bytes, a multiple of 4, to words that lie `to_stride` bytes apart.
CK_INLINE void ck_copy_words(int8_t *to, const int8_t *from, size_t size, size_t to_stride) {
#pragma clang loop vectorize(disable) unroll(disable)
    for (size_t i = 0; i < size; i += 4, to += to_stride) __builtin_memcpy(to, from + i, 4);
}

/// What 8 channels need after their sums are narrowed, in registers.
typedef struct {
    int16x8_t tau, lift, gain, dip, residual_gain, zero;
#if defined(__arm__)
    /// For SiLU and GELU, which load them themselves.
    const ck_qs8_channels *stored;
#endif
} ck_loaded_channels;

CK_INLINE ck_loaded_channels ck_load_channels(const ck_qs8_channels *p) {
    return (ck_loaded_channels) {
        vld1q_s16(p->tau), vld1q_s16(p->lift), vld1q_s16(p->gain), vld1q_s16(p->dip), vld1q_s16(p->residual_gain),
            vld1q_s16(p->zero),
#if defined(__arm__)
            p
#endif
    };
}

/// 8 sums as 16-bit x.
CK_INLINE int16x8_t ck_narrow(const int32x4_t sums[2], const int32x4_t shift[2]) {
    return vuzp2q_s16(
        vreinterpretq_s16_s32(vqshlq_s32(sums[0], shift[0])), vreinterpretq_s16_s32(vqshlq_s32(sums[1], shift[1])));
}

// clang-format off
/// Stores 8 bytes and moves on by `step`: one instruction, which the compiler does not find.
CK_INLINE void ck_store8(int8_t **to, int8x8_t values, size_t step) {
#if defined(__arm__)
#define CK_STORE8 "vst1.8 {%P2}, [%0], %3"
#else
#define CK_STORE8 "st1 {%2.8b}, [%0], %3"
#endif
    __asm__ volatile(CK_STORE8 : "+r"(*to), "=m"(*(int8_t(*)[8]) * to) : "w"(values), "r"(step));
}

CK_INLINE int8x8_t ck_load8(const int8_t **from, size_t step) {
    int8x8_t values;
#if defined(__arm__)
#define CK_LOAD8 "vld1.8 {%P0}, [%1], %2"
#else
#define CK_LOAD8 "ld1 {%0.8b}, [%1], %2"
#endif
    __asm__ volatile(CK_LOAD8
                     : "=w"(values), "+r"(*from) : "r"(step), "m"(*(const int8_t(*)[8]) * from));
    return values;
}
// clang-format on

#if defined(__arm__)

#include "qs8_silu__neon32.h"

#else

/// The two tables of a curve.
typedef struct {
    uint8x16x4_t base;
    int8x16x4_t slope;
} ck_silu_tables;

CK_INLINE ck_silu_tables ck_load_silu_tables(const ck_curve *curve) {
    return (ck_silu_tables){vld1q_u8_x4(curve->base), vld1q_s8_x4(curve->slope)};
}

/// v of SiLU or GELU for two groups of 8 channels, `p` and `q`.
CK_INLINE CK_TARGET void ck_silu2(
    int16x8_t x[2], const ck_loaded_channels *p, const ck_loaded_channels *q, const ck_silu_tables *tables) {
    const int16x8_t zero = vdupq_n_s16(0);
    const int16x8_t t0 = vqrdmulhq_s16(vqabsq_s16(x[0]), p->tau);
    const int16x8_t t1 = vqrdmulhq_s16(vqabsq_s16(x[1]), q->tau);
    // Beyond the last cell a look-up gives 0, as the last cell would.
    const uint8x16_t cell = vqshrn_high_n_u16(vqshrn_n_u16(vreinterpretq_u16_s16(t0), 6), vreinterpretq_u16_s16(t1), 6);
    const int8x16_t fraction = vandq_s8(vuzp1q_s8(vreinterpretq_s8_s16(t0), vreinterpretq_s8_s16(t1)), vdupq_n_s8(63));
    const uint8x16_t base = vqtbl4q_u8(tables->base, cell);
    const int8x16_t slope = vqtbl4q_s8(tables->slope, cell);
    const int16x8_t r0 = vmlal_s8(
        vreinterpretq_s16_u16(vshll_n_u8(vget_low_u8(base), 7)), vget_low_s8(slope), vget_low_s8(fraction));
    const int16x8_t r1 = vmlal_high_s8(vreinterpretq_s16_u16(vshll_high_n_u8(base, 7)), slope, fraction);
    const int16x8_t up0 = vqshlq_s16(vmaxq_s16(x[0], zero), p->lift);
    const int16x8_t up1 = vqshlq_s16(vmaxq_s16(x[1], zero), q->lift);
    x[0] = vqaddq_s16(ck_add_mulh(vqrdmulhq_s16(up0, p->gain), r0, p->dip), p->zero);
    x[1] = vqaddq_s16(ck_add_mulh(vqrdmulhq_s16(up1, q->gain), r1, q->dip), q->zero);
}

#endif

/// v, before anything is added, of two groups of 8 channels. Here and in what calls it CK_SILU stands for GELU too, which
/// is the same code with other tables.
CK_INLINE CK_TARGET void ck_activate2(
    int16x8_t x[2], const ck_loaded_channels *p, const ck_loaded_channels *q, ck_activation activation,
    const ck_silu_tables *tables) {
    if (activation == CK_SILU) {
        ck_silu2(x, p, q, tables);
        return;
    }
    x[0] = vqrdmulhq_s16(x[0], p->gain);
    x[1] = vqrdmulhq_s16(x[1], q->gain);
    if (activation == CK_RELU) {
        x[0] = vqaddq_s16(vmaxq_s16(x[0], vdupq_n_s16(0)), p->zero);
        x[1] = vqaddq_s16(vmaxq_s16(x[1], vdupq_n_s16(0)), q->zero);
    }
}

/// v with what is added to it.
CK_INLINE CK_TARGET int16x8_t ck_add_residual(int16x8_t v, int8x8_t residual, const ck_loaded_channels *p) {
    return ck_add_mulh(v, vshll_n_s8(residual, 7), p->residual_gain);
}

/// v as it is stored.
CK_INLINE int8x8_t ck_store_form(int16x8_t v) { return vqrshrn_n_s16(v, 6); }

/// Rounded to nearest, ties to even.
CK_INLINE int16x8_t ck_round8(float32x4_t low, float32x4_t high) {
    return vqmovn_high_s32(vqmovn_s32(vcvtnq_s32_f32(low)), vcvtnq_s32_f32(high));
}

#endif
