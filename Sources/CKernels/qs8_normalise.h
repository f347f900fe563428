#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

/// A row's values become value * factor + offset: mean 0, variance 1.
typedef struct {
    float factor;
    float offset;
} ck_normalisation;

static inline ck_normalisation ck_row_normalisation(size_t channels, int32_t sum, int32_t squares, float epsilon) {
    const int64_t n = (int64_t)channels;
    const float variance = (float)(n * squares - (int64_t)sum * sum) / (float)(n * n);
    const float factor = 1.0f / sqrtf(variance + epsilon);
    const float mean = (float)sum / (float)n;
    return (ck_normalisation){factor, -mean * factor};
}
