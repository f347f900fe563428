#pragma once

#include <stdint.h>

/// What the processor can do beyond its architecture's baseline, as far as kernels use it.
enum clinux_cpu_feature {
    /// ARM with Advanced SIMD; on 32 bits with that of VFPv4, which multiplies and adds and converts half precision.
    CLINUX_CPU_NEON = 1 << 0,
    /// The dot products of ARMv8.2, and the rounding multiply-adds of ARMv8.1.
    CLINUX_CPU_NEON_DOT = 1 << 1,
    /// Half-precision arithmetic in vectors.
    CLINUX_CPU_NEON_FP16 = 1 << 2,
    /// x86 with AVX2, FMA and F16C.
    CLINUX_CPU_AVX2 = 1 << 3,
    /// AVX-512 F, BW, DQ, VL and VNNI.
    CLINUX_CPU_AVX512_VNNI = 1 << 4,
};

/// A sum of clinux_cpu_feature, of what both the processor and the kernel support.
uint32_t clinux_cpu_features(void);
