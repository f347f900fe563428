#pragma once

// What each path has of its own, KERNEL(slot, function): a path is a list here, and a row of CK_PATHS.

#include "ckernels_f16.h"

// All of CK_F16_KERNELS.
#define F16_scalar(KERNEL)

// clang-format off
// What f16_vectors.h makes of a path's vectors.
#define F16_VECTORS(KERNEL, path)                                                                                      \
    KERNEL(gemm, f16_gemm__##path)                                                                                     \
    KERNEL(dwconv3x3, f16_dwconv3x3__##path)                                                                           \
    KERNEL(dwconv, f16_dwconv__##path)                                                                                 \
    KERNEL(patches3x3_s2, f16_patches3x3_s2__##path)                                                                   \
    KERNEL(attention, f16_attention__##path)                                                                           \
    KERNEL(separable_attention, f16_separable_attention__##path)                                                       \
    KERNEL(layernorm, f16_layernorm__##path)                                                                           \
    KERNEL(sums, f16_sums__##path)                                                                                     \
    KERNEL(affine, f16_affine__##path)
// clang-format on
#define F16_neon(KERNEL) F16_VECTORS(KERNEL, neon)
#define F16_neondot(KERNEL)
#define F16_neonfp16(KERNEL) F16_VECTORS(KERNEL, neonfp16)
#define F16_avx2(KERNEL) F16_VECTORS(KERNEL, avx2)
#define F16_avx512vnni(KERNEL)

#define CK_TYPE(slot, parameters) typedef void f16_##slot##_kernel parameters;
CK_F16_KERNELS(CK_TYPE)
#undef CK_TYPE

#define CK_PROTOTYPE(slot, function) f16_##slot##_kernel function;
#define CK_PROTOTYPES(path, built, parts) F16_##path(CK_PROTOTYPE)
CK_PATHS(CK_PROTOTYPES, CK_NOTHING)
#undef CK_PROTOTYPES
#undef CK_PROTOTYPE
