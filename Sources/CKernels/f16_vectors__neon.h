#pragma once

// Vectors of the path neon: Armv8.0 converts half precision but does not compute in it.

#if defined(__ARM_NEON)

#define CK_TARGET
#include "f16_single.h"

enum { TILE_ROWS = 8, TILE_VECTORS = 1, TILE_DEPTH = 4 };

typedef float ck_lanes __attribute__((vector_size(16)));
typedef _Float16 ck_half4 __attribute__((vector_size(8)));

#define CK_LANE(x, lane) ((x)[lane])

CK_INLINE ck_lanes ck_load_lanes(const void *from, int wide) {
    ck_lanes lanes;
    ck_half4 halves;
    if (wide) {
        __builtin_memcpy(&lanes, from, sizeof lanes);
    } else {
        __builtin_memcpy(&halves, from, sizeof halves);
        lanes = __builtin_convertvector(halves, ck_lanes);
    }
    return lanes;
}

#endif
