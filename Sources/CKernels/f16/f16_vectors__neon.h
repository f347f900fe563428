#pragma once

// Vectors of the path neon: its cores convert half precision but do not compute in it.

#if defined(__ARM_NEON)

#define CK_TARGET
#include "f16_single.h"

#if defined(__arm__)

// 16 registers instead of 32.
enum { TILE_ROWS = 4, TILE_VECTORS = 1, TILE_DEPTH = 4 };
#else
enum { TILE_ROWS = 8, TILE_VECTORS = 1, TILE_DEPTH = 4 };
#endif

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
#if defined(__arm__)
        const float32x4_t widened = vcvt_f32_f16((float16x4_t)halves);
        __builtin_memcpy(&lanes, &widened, sizeof lanes);
#else
        lanes = __builtin_convertvector(halves, ck_lanes);
#endif
    }
    return lanes;
}

#if defined(__arm__)
#include "f16_tile__neon32.h"
#endif

#endif
