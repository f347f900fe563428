#pragma once

// What each path has of its own, KERNEL(slot, function): a path is a list here, and a row of CK_PATHS.

#include "ckernels_vision.h"

// All of CK_U8_KERNELS.
#define U8_scalar(KERNEL)

// clang-format off
#define U8_neon(KERNEL)                                                                                                \
    KERNEL(resize_fast_channel, u8_resize_fast_channel__neon)                                                          \
    KERNEL(ycc_to_rgb, u8_ycc_to_rgb__neon)
#define U8_neondot(KERNEL)
#define U8_neonfp16(KERNEL)

#define U8_avx2(KERNEL)                                                                                                \
    KERNEL(blend_rows, u8_blend_rows__avx2)                                                                            \
    KERNEL(ycc_to_rgb, u8_ycc_to_rgb__avx2)
// clang-format on
#define U8_avx512vnni(KERNEL)

#define CK_TYPE(slot, parameters) typedef void u8_##slot##_kernel parameters;
CK_U8_KERNELS(CK_TYPE)
#undef CK_TYPE

#define CK_PROTOTYPE(slot, function) u8_##slot##_kernel function;
#define CK_PROTOTYPES(path, built, parts) U8_##path(CK_PROTOTYPE)
CK_PATHS(CK_PROTOTYPES, CK_NOTHING)
#undef CK_PROTOTYPES
#undef CK_PROTOTYPE
