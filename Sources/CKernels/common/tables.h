#pragma once

// What the files that make tables of kernels share: see CK_PATHS.

#include "ckernels_paths.h"

#define CK_EVERYWHERE(...) __VA_ARGS__
#if defined(__ARM_NEON)
#define CK_ON_NEON(...) __VA_ARGS__
#else
#define CK_ON_NEON(...)
#endif
#if defined(__aarch64__)
#define CK_ON_ARM64(...) __VA_ARGS__
#else
#define CK_ON_ARM64(...)
#endif
#if defined(__x86_64__)
#define CK_ON_X86_64(...) __VA_ARGS__
#else
#define CK_ON_X86_64(...)
#endif

/// A slot is given once for each path of `parts` that has a kernel for it: the last one counts.
#pragma clang diagnostic ignored "-Winitializer-overrides"
#define CK_ENTRY(slot, function) .slot = function,

/// Whether a path has kernels of its own; scalar, which is number 0, always.
#define CK_OWNS(path, list) (0 list(CK_ONE) || !ck_path_##path)
#define CK_ONE(slot, function) +1
