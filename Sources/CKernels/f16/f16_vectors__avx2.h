#pragma once

// Vectors of the path avx2 (with FMA and F16C).

#if defined(__x86_64__)

#define CK_TARGET __attribute__((target("avx2,fma,f16c")))
#include "f16_single.h"

enum { TILE_ROWS = 4, TILE_VECTORS = 2, TILE_DEPTH = 1 };

/// A register broadcast from memory is as fast as a lane of another one.
typedef float ck_lanes;

#define CK_LANE(x, lane) (x)

CK_INLINE ck_lanes ck_load_lanes(const void *from, int wide) { return ck_load_one(from, wide); }

#endif
