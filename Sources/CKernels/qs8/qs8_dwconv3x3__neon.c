#include "qs8_neon.h"

#if defined(__ARM_NEON)

#if defined(__arm__)
#include "qs8_dwconv3x3__neon32.h"
#else

/// 16 channels of 3 pixels, one above the other.
typedef struct {
    int8x16_t row[3];
} column;

/// [3 rows][3 columns] of 16 channels, and what their sums begin with.
typedef struct {
    int8x16_t tap[9];
    int32x4_t bias[4];
} loaded_weights;

/// The column whose top is at `top`; the others lie `middle` and `bottom` further.
CK_INLINE column load_column(const int8_t *top, ptrdiff_t middle, ptrdiff_t bottom) {
    return (column){{vld1q_s8(top), vld1q_s8(top + middle), vld1q_s8(top + bottom)}};
}

CK_INLINE loaded_weights load_weights(const int8_t *weights, size_t channels, const ck_qs8_channels *p) {
    loaded_weights loaded;
    for (size_t i = 0; i < 4; i++) loaded.bias[i] = vld1q_s32(p[i / 2].bias + i % 2 * 4);
    for (size_t tap = 0; tap < 9; tap++) loaded.tap[tap] = vld1q_s8(weights + tap * channels);
    return loaded;
}

CK_INLINE void add_products(int16x8_t low, int16x8_t high, int32x4_t sums[4]) {
    sums[0] = vaddw_s16(sums[0], vget_low_s16(low));
    sums[1] = vaddw_high_s16(sums[1], low);
    sums[2] = vaddw_s16(sums[2], vget_low_s16(high));
    sums[3] = vaddw_high_s16(sums[3], high);
}

/// Two products of signed bytes fit 16 bits because weights are -127...127.
CK_INLINE void accumulate(
    const column *left, const column *middle, const column *right, const loaded_weights *w, int32x4_t sums[4]) {
    const int8x16_t x[9] = {left->row[0],  middle->row[0], right->row[0],  left->row[1], middle->row[1],
                            right->row[1], left->row[2],   middle->row[2], right->row[2]};
    for (size_t tap = 0; tap < 8; tap += 2) {
        const int16x8_t low = vmull_s8(vget_low_s8(x[tap]), vget_low_s8(w->tap[tap]));
        const int16x8_t high = vmull_high_s8(x[tap], w->tap[tap]);
        add_products(
            vmlal_s8(low, vget_low_s8(x[tap + 1]), vget_low_s8(w->tap[tap + 1])),
            vmlal_high_s8(high, x[tap + 1], w->tap[tap + 1]), sums);
    }
    add_products(vmull_s8(vget_low_s8(x[8]), vget_low_s8(w->tap[8])), vmull_high_s8(x[8], w->tap[8]), sums);
}

/// Sums of `outputs` outputs.
#define NEXT_COLUMN() (at += channels, load_column(at - channels, middle, bottom))
CK_INLINE void sum_outputs(
    size_t outputs, size_t channels, size_t stride, const int8_t *const rows[3], const loaded_weights *w,
    int32x4_t sums[][4]) {
    // One pointer and two distances: a step to the next column is one addition.
    const int8_t *at = ck_opaque(rows[0]);
    const ptrdiff_t middle = rows[1] - rows[0], bottom = rows[2] - rows[0];
    column columns[3];
    columns[0] = NEXT_COLUMN();
    if (stride == 1) columns[1] = NEXT_COLUMN();
    for (size_t x = 0; x < outputs; x++) {
        for (size_t part = 0; part < 4; part++) sums[x][part] = w->bias[part];
        if (stride == 1) {
            columns[2] = NEXT_COLUMN();
            accumulate(&columns[0], &columns[1], &columns[2], w, sums[x]);
            columns[0] = columns[1];
            columns[1] = columns[2];
        } else {
            columns[1] = NEXT_COLUMN();
            columns[2] = NEXT_COLUMN();
            accumulate(&columns[0], &columns[1], &columns[2], w, sums[x]);
            columns[0] = columns[2];
        }
    }
}

#undef NEXT_COLUMN

#endif

#include "qs8_dwconv3x3__neon.h"

void qs8_dwconv3x3__neon(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output) {
    convolve_by_case(width, channels, stride, rows, weights, parameters, activation, output);
}

#endif
