#pragma once

// What each path has of its own, KERNEL(slot, function): a path is a list here, and a row of CK_PATHS.

#include "ckernels_f16.h"

// All of CK_F16_KERNELS.
#define F16_scalar(KERNEL)

#define F16_neon(KERNEL)                                                                                               \
    KERNEL(gemm, f16_gemm_8x8__neon)                                                                                   \
    KERNEL(dwconv3x3, f16_dwconv3x3__neon)                                                                             \
    KERNEL(patches3x3_s2, f16_patches3x3_s2__neon)                                                                     \
    KERNEL(attention, f16_attention__neon)                                                                             \
    KERNEL(separable_attention, f16_separable_attention__neon)                                                         \
    KERNEL(layernorm, f16_layernorm__neon)                                                                             \
    KERNEL(sums, f16_sums__neon)                                                                                       \
    KERNEL(affine, f16_affine__neon)
#define F16_neondot(KERNEL)

#define F16_neonfp16(KERNEL)                                                                                           \
    KERNEL(gemm, f16_gemm_8x16__neonfp16)                                                                              \
    KERNEL(dwconv3x3, f16_dwconv3x3__neonfp16)                                                                         \
    KERNEL(patches3x3_s2, f16_patches3x3_s2__neonfp16)                                                                 \
    KERNEL(attention, f16_attention__neonfp16)                                                                         \
    KERNEL(separable_attention, f16_separable_attention__neonfp16)                                                     \
    KERNEL(layernorm, f16_layernorm__neonfp16)                                                                         \
    KERNEL(sums, f16_sums__neonfp16)                                                                                   \
    KERNEL(affine, f16_affine__neonfp16)

#define F16_avx2(KERNEL)                                                                                               \
    KERNEL(gemm, f16_gemm_4x16__avx2)                                                                                  \
    KERNEL(dwconv3x3, f16_dwconv3x3__avx2)                                                                             \
    KERNEL(patches3x3_s2, f16_patches3x3_s2__avx2)                                                                     \
    KERNEL(attention, f16_attention__avx2)                                                                             \
    KERNEL(separable_attention, f16_separable_attention__avx2)                                                         \
    KERNEL(layernorm, f16_layernorm__avx2)                                                                             \
    KERNEL(sums, f16_sums__avx2)                                                                                       \
    KERNEL(affine, f16_affine__avx2)
#define F16_avx512vnni(KERNEL)

#define CK_TYPE(slot, parameters) typedef void f16_##slot##_kernel parameters;
CK_F16_KERNELS(CK_TYPE)
#undef CK_TYPE

#define CK_PROTOTYPE(slot, function) f16_##slot##_kernel function;
#define CK_PROTOTYPES(path, built, parts) F16_##path(CK_PROTOTYPE)
CK_PATHS(CK_PROTOTYPES, CK_NOTHING)
#undef CK_PROTOTYPES
#undef CK_PROTOTYPE
