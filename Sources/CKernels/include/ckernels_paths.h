#pragma once

#include <stddef.h>
#include <stdint.h>

// clang-format off
/// The kernel paths, slowest first, PATH(path, built, parts): `built` keeps what is put into it where this build has the
/// path (common/tables.h), `parts` is OWN(path) of each path that it is made of, the first one first, on top of scalar.
#define CK_PATHS(PATH, OWN)                                                                                            \
    PATH(scalar, CK_EVERYWHERE, )                                                                                      \
    PATH(neon, CK_ON_NEON, OWN(neon))                                                                                  \
    PATH(neondot, CK_ON_ARM64, OWN(neon) OWN(neondot))                                                                 \
    PATH(neonfp16, CK_ON_ARM64, OWN(neon) OWN(neonfp16))                                                               \
    PATH(avx2, CK_ON_X86_64, OWN(avx2))                                                                                \
    PATH(avx512vnni, CK_ON_X86_64, OWN(avx2) OWN(avx512vnni))
// clang-format on
#define CK_NOTHING(path)

#define CK_NUMBER(path, built, parts) ck_path_##path,
/// The paths as numbers from 0 on.
typedef enum __attribute__((enum_extensibility(closed))) { CK_PATHS(CK_NUMBER, CK_NOTHING) } ck_path;
#undef CK_NUMBER
#define CK_NUMBER(path, built, parts) +1
enum { ck_path_count = CK_PATHS(CK_NUMBER, CK_NOTHING) };
#undef CK_NUMBER

/// The paths that this one is made of, itself among them, as a set of bits: a processor needs the instructions of each.
static inline uint32_t ck_path_parts(ck_path path) {
#define CK_BIT(path) | 1u << ck_path_##path
#define CK_PARTS(path, built, parts)                                                                                   \
    case ck_path_##path: return 1u << ck_path_scalar parts;
    switch (path) { CK_PATHS(CK_PARTS, CK_BIT) }
#undef CK_PARTS
#undef CK_BIT
    return 0;
}

/// As SWIFTLET_PATH and the board files spell it.
static inline const char *ck_path_name(ck_path path) {
#define CK_NAME(path, built, parts)                                                                                    \
    case ck_path_##path: return #path;
    switch (path) { CK_PATHS(CK_NAME, CK_NOTHING) }
#undef CK_NAME
    return NULL;
}
