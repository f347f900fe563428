#define CK_TARGET __attribute__((target("arch=armv8.1-a+dotprod")))
#define CK_HAS_RDM
#include "qs8_neon.h"

#if defined(__aarch64__)

/// 16 channels of 3 pixels, one above the other: for each channel [top, middle, bottom, any], as a dot product takes them
/// (the weight of the fourth is 0).
typedef struct {
    int8x16_t quarter[4];
} column;

typedef struct {
    column columns[3];
} loaded_weights;

CK_INLINE column interleave(int8x16_t top, int8x16_t middle, int8x16_t bottom, int8x16_t fourth) {
    const int16x8_t upper_low = vreinterpretq_s16_s8(vzip1q_s8(top, middle));
    const int16x8_t upper_high = vreinterpretq_s16_s8(vzip2q_s8(top, middle));
    const int16x8_t lower_low = vreinterpretq_s16_s8(vzip1q_s8(bottom, fourth));
    const int16x8_t lower_high = vreinterpretq_s16_s8(vzip2q_s8(bottom, fourth));
    return (column){{
        vreinterpretq_s8_s16(vzip1q_s16(upper_low, lower_low)), vreinterpretq_s8_s16(vzip2q_s16(upper_low, lower_low)),
        vreinterpretq_s8_s16(vzip1q_s16(upper_high, lower_high)),
        vreinterpretq_s8_s16(vzip2q_s16(upper_high, lower_high))}};
}

/// The column whose top is at `top`; the others lie `middle` and `bottom` further.
CK_INLINE column load_column(const int8_t *top, ptrdiff_t middle, ptrdiff_t bottom) {
    const int8x16_t last = vld1q_s8(top + bottom);
    return interleave(vld1q_s8(top), vld1q_s8(top + middle), last, last);
}

CK_INLINE loaded_weights load_weights(const int8_t *weights, size_t channels) {
    loaded_weights loaded;
    for (size_t x = 0; x < 3; x++, weights += channels)
        loaded.columns[x] = interleave(
            vld1q_s8(weights), vld1q_s8(weights + 3 * channels), vld1q_s8(weights + 6 * channels), vdupq_n_s8(0));
    return loaded;
}

CK_INLINE CK_TARGET void accumulate(
    const column *left, const column *middle, const column *right, const loaded_weights *w, int32x4_t sums[4]) {
    for (size_t i = 0; i < 4; i++) {
        sums[i] = vdotq_s32(sums[i], left->quarter[i], w->columns[0].quarter[i]);
        sums[i] = vdotq_s32(sums[i], middle->quarter[i], w->columns[1].quarter[i]);
        sums[i] = vdotq_s32(sums[i], right->quarter[i], w->columns[2].quarter[i]);
    }
}

#include "qs8_dwconv3x3__neon.h"

CK_TARGET void qs8_dwconv3x3__neondot(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output) {
    convolve_by_case(width, channels, stride, rows, weights, parameters, activation, output);
}

#endif
