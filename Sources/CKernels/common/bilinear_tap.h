#pragma once

// Positions round the same on every machine: on ARM a product and a sum would become one operation.
#pragma STDC FP_CONTRACT OFF

#include <stddef.h>

/// The two source positions and the weight of the second for one output position along one axis.
typedef struct {
    size_t low, high;
    float fraction;
} tap;

static inline tap tap_at(size_t position, size_t from, size_t to, int align_corners) {
    float source;
    if (align_corners) {
        source = to > 1 ? (float)position * ((float)(from - 1) / (float)(to - 1)) : 0.0f;
    } else {
        source = ((float)position + 0.5f) * ((float)from / (float)to) - 0.5f;
        source = source < 0.0f ? 0.0f : source;
    }
    tap t;
    t.low = (size_t)source;
    t.low = t.low < from ? t.low : from - 1;
    t.high = t.low + 1 < from ? t.low + 1 : t.low;
    t.fraction = source - (float)t.low;
    return t;
}
