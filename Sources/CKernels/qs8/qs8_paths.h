#pragma once

// What each path has of its own, KERNEL(slot, function): a path is a list here, and a row of CK_PATHS.

#include "ckernels_qs8.h"

// All of CK_QS8_KERNELS.
#define QS8_scalar(KERNEL)

// clang-format off
#define QS8_neon(KERNEL)                                                                                               \
    KERNEL(gemm, qs8_gemm_8x8c4__neon)                                                                                 \
    KERNEL(gemm_f16, qs8_gemm_f16_8x8c4__neon)                                                                         \
    KERNEL(dwconv3x3, qs8_dwconv3x3__neon)                                                                             \
    KERNEL(dwconv, qs8_dwconv__neon)                                                                                   \
    KERNEL(attention, qs8_attention__neon)                                                                             \
    KERNEL(separable_attention, qs8_separable_attention__neon)                                                         \
    KERNEL(layernorm, qs8_layernorm__neon)                                                                             \
    KERNEL(sums, qs8_sums__neon)                                                                                       \
    KERNEL(affine, qs8_affine__neon)

#define QS8_neondot(KERNEL)                                                                                            \
    KERNEL(gemm, qs8_gemm_8x8c4__neondot)                                                                              \
    KERNEL(gemm_f16, qs8_gemm_f16_8x8c4__neondot)                                                                      \
    KERNEL(dwconv3x3, qs8_dwconv3x3__neondot)                                                                          \
    KERNEL(dwconv, qs8_dwconv__neondot)                                                                                \
    KERNEL(attention, qs8_attention__neondot)
#define QS8_neonfp16(KERNEL)

#define QS8_avx2(KERNEL)                                                                                               \
    KERNEL(gemm, qs8_gemm_1x32c4__avx2)                                                                                \
    KERNEL(gemm_f16, qs8_gemm_f16_1x32c4__avx2)                                                                        \
    KERNEL(dwconv3x3, qs8_dwconv3x3__avx2)                                                                             \
    KERNEL(dwconv, qs8_dwconv__avx2)                                                                                   \
    KERNEL(attention, qs8_attention__avx2)                                                                             \
    KERNEL(separable_attention, qs8_separable_attention__avx2)                                                         \
    KERNEL(layernorm, qs8_layernorm__avx2)                                                                             \
    KERNEL(sums, qs8_sums__avx2)                                                                                       \
    KERNEL(affine, qs8_affine__avx2)

#define QS8_avx512vnni(KERNEL)                                                                                         \
    KERNEL(gemm, qs8_gemm_12x16c4__avx512vnni)                                                                         \
    KERNEL(gemm_f16, qs8_gemm_f16_12x16c4__avx512vnni)
// clang-format on

#define CK_TYPE(slot, parameters) typedef void qs8_##slot##_kernel parameters;
CK_QS8_KERNELS(CK_TYPE)
#undef CK_TYPE

#define CK_PROTOTYPE(slot, function) qs8_##slot##_kernel function;
#define CK_PROTOTYPES(path, built, parts) QS8_##path(CK_PROTOTYPE)
CK_PATHS(CK_PROTOTYPES, CK_NOTHING)
#undef CK_PROTOTYPES
#undef CK_PROTOTYPE
