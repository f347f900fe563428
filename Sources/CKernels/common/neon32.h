#pragma once

// <arm_neon.h>, and for 32-bit ARM those of its AArch64-only functions that the kernels use, made of Armv7's. Each gives
// the bits that AArch64's gives, except where it says otherwise.

#include <arm_neon.h>

#if defined(__arm__)

#define CK_NEON32 static inline __attribute__((always_inline))

// What takes or makes the upper half of a register.

#define CK_NEON32_LONG(name, wide, narrow, get)                                                                        \
    CK_NEON32 wide name##_high_##get(narrow a, narrow b) {                                                             \
        return name##_##get(vget_high_##get(a), vget_high_##get(b));                                                   \
    }
CK_NEON32_LONG(vmull, int16x8_t, int8x16_t, s8)
CK_NEON32_LONG(vmull, uint32x4_t, uint16x8_t, u16)
CK_NEON32_LONG(vaddl, int16x8_t, int8x16_t, s8)
#undef CK_NEON32_LONG

#define CK_NEON32_ACCUMULATE(wide, narrow, get)                                                                        \
    CK_NEON32 wide vmlal_high_##get(wide sum, narrow a, narrow b) {                                                    \
        return vmlal_##get(sum, vget_high_##get(a), vget_high_##get(b));                                               \
    }
CK_NEON32_ACCUMULATE(int16x8_t, int8x16_t, s8)
CK_NEON32_ACCUMULATE(uint32x4_t, uint16x8_t, u16)
#undef CK_NEON32_ACCUMULATE

CK_NEON32 int32x4_t vmlal_high_n_s16(int32x4_t sum, int16x8_t a, int16_t b) {
    return vmlal_n_s16(sum, vget_high_s16(a), b);
}

CK_NEON32 int32x4_t vaddw_high_s16(int32x4_t a, int16x8_t b) { return vaddw_s16(a, vget_high_s16(b)); }

CK_NEON32 uint32x4_t vaddw_high_u16(uint32x4_t a, uint16x8_t b) { return vaddw_u16(a, vget_high_u16(b)); }

CK_NEON32 int16x8_t vqmovn_high_s32(int16x4_t low, int32x4_t high) { return vcombine_s16(low, vqmovn_s32(high)); }

CK_NEON32 uint8x16_t vqmovun_high_s16(uint8x8_t low, int16x8_t high) { return vcombine_u8(low, vqmovun_s16(high)); }

CK_NEON32 float16x8_t vcvt_high_f16_f32(float16x4_t low, float32x4_t high) {
    return vcombine_f16(low, vcvt_f16_f32(high));
}

// Macros, because the shift is part of the instruction.
#define vshll_high_n_s8(a, n) vshll_n_s8(vget_high_s8(a), n)
#define vqrshrn_high_n_s16(low, high, n) vcombine_s8(low, vqrshrn_n_s16(high, n))
#define vrshrn_high_n_u32(low, high, n) vcombine_u16(low, vrshrn_n_u32(high, n))

// What pairs or picks elements.

CK_NEON32 int16x8_t vuzp1q_s16(int16x8_t a, int16x8_t b) { return vuzpq_s16(a, b).val[0]; }

CK_NEON32 int16x8_t vuzp2q_s16(int16x8_t a, int16x8_t b) { return vuzpq_s16(a, b).val[1]; }

CK_NEON32 int32x4_t vpaddq_s32(int32x4_t a, int32x4_t b) {
    return vcombine_s32(vpadd_s32(vget_low_s32(a), vget_high_s32(a)), vpadd_s32(vget_low_s32(b), vget_high_s32(b)));
}

CK_NEON32 uint8x16_t vqtbl4q_u8(uint8x16x4_t table, uint8x16_t index) {
    const uint8x8x4_t near = {
        {vget_low_u8(table.val[0]), vget_high_u8(table.val[0]), vget_low_u8(table.val[1]), vget_high_u8(table.val[1])}};
    const uint8x8x4_t far = {
        {vget_low_u8(table.val[2]), vget_high_u8(table.val[2]), vget_low_u8(table.val[3]), vget_high_u8(table.val[3])}};
    // An index beyond the 32 bytes gives 0, or leaves what is there.
    const uint8x16_t beyond = vsubq_u8(index, vdupq_n_u8(32));
    return vcombine_u8(
        vtbx4_u8(vtbl4_u8(near, vget_low_u8(index)), far, vget_low_u8(beyond)),
        vtbx4_u8(vtbl4_u8(near, vget_high_u8(index)), far, vget_high_u8(beyond)));
}

CK_NEON32 int8x16_t vqtbl1q_s8(int8x16_t table, uint8x16_t index) {
    const int8x8x2_t halves = {{vget_low_s8(table), vget_high_s8(table)}};
    return vcombine_s8(
        vtbl2_s8(halves, vreinterpret_s8_u8(vget_low_u8(index))),
        vtbl2_s8(halves, vreinterpret_s8_u8(vget_high_u8(index))));
}

// Across a register.

CK_NEON32 int32_t vaddvq_s32(int32x4_t a) {
    const int32x2_t pairs = vpadd_s32(vget_low_s32(a), vget_high_s32(a));
    return vget_lane_s32(vpadd_s32(pairs, pairs), 0);
}

CK_NEON32 uint32_t vaddlvq_u16(uint16x8_t a) { return (uint32_t)vaddvq_s32(vreinterpretq_s32_u32(vpaddlq_u16(a))); }

CK_NEON32 int16_t vmaxvq_s16(int16x8_t a) {
    int16x4_t maximum = vmax_s16(vget_low_s16(a), vget_high_s16(a));
    maximum = vpmax_s16(maximum, maximum);
    return vget_lane_s16(vpmax_s16(maximum, maximum), 0);
}

/// Rounded to nearest, ties to even. A NaN becomes 0, as on AArch64; what counts as 0 here for being subnormal is
/// rounded to it there.
CK_NEON32 int32x4_t vcvtnq_s32_f32(float32x4_t a) {
    // Below 2^23 the sum with it drops the fraction, rounding as every sum does; from there on there is none.
    const float32x4_t bound = vdupq_n_f32(8388608.0f), magnitude = vabsq_f32(a);
    const float32x4_t rounded = vbslq_f32(vdupq_n_u32(0x80000000), a, vsubq_f32(vaddq_f32(magnitude, bound), bound));
    return vcvtq_s32_f32(vbslq_f32(vcltq_f32(magnitude, bound), rounded, a));
}

#endif
