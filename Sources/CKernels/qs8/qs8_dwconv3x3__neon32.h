#pragma once

// Depthwise convolution of the path neon on 32 bits; qs8_dwconv3x3__neon.c includes it.
// 16 registers hold what 8 channels need: two passes make 16.

/// [3 rows][3 columns] of 16 channels, and what their sums begin with, where they lie.
typedef struct {
    const int8_t *weights;
    size_t channels;
    const ck_qs8_channels *parameters;
} loaded_weights;

CK_INLINE loaded_weights load_weights(const int8_t *weights, size_t channels, const ck_qs8_channels *p) {
    return (loaded_weights){weights, channels, p};
}

/// 8 channels of 3 pixels, one above the other.
typedef struct {
    int8x8_t row[3];
} column;

/// Two products of signed bytes fit 16 bits because weights are -127...127.
CK_INLINE void accumulate(
    const column *left, const column *middle, const column *right, const int8x8_t w[9], int32x4_t sums[2]) {
    const int8x8_t x[9] = {left->row[0],  middle->row[0], right->row[0],  left->row[1], middle->row[1],
                           right->row[1], left->row[2],   middle->row[2], right->row[2]};
#pragma clang loop unroll(full)
    for (size_t tap = 0; tap < 9; tap += 2) {
        int16x8_t products = vmull_s8(x[tap], w[tap]);
        if (tap < 8) products = vmlal_s8(products, x[tap + 1], w[tap + 1]);
        sums[0] = vaddw_s16(sums[0], vget_low_s16(products));
        sums[1] = vaddw_s16(sums[1], vget_high_s16(products));
    }
}

/// Sums of `outputs` outputs.
CK_INLINE void sum_outputs(
    size_t outputs, size_t channels, size_t stride, const int8_t *const rows[3], const loaded_weights *all,
    int32x4_t sums[][4]) {
#pragma clang loop unroll(disable)
    for (size_t half = 0; half < 2; half++) {
        int8x8_t w[9];
#pragma clang loop unroll(full)
        for (size_t tap = 0; tap < 9; tap++) w[tap] = vld1_s8(all->weights + tap * all->channels + 8 * half);
        const int32_t *bias = all->parameters[half].bias;
        const int32x4_t low = vld1q_s32(bias), high = vld1q_s32(bias + 4);
        const int8_t *top = rows[0] + 8 * half, *middle = rows[1] + 8 * half, *bottom = rows[2] + 8 * half;
        int32x4_t *to = sums[0] + 2 * half;
#define NEXT_COLUMN(column)                                                                                            \
    ((column).row[0] = ck_load8(&top, channels), (column).row[1] = ck_load8(&middle, channels),                        \
     (column).row[2] = ck_load8(&bottom, channels))
#define NEXT_OUTPUT(left, middle, right)                                                                               \
    do {                                                                                                               \
        int32x4_t sum[2] = {low, high};                                                                                \
        accumulate(&(left), &(middle), &(right), w, sum);                                                              \
        to[0] = sum[0];                                                                                                \
        to[1] = sum[1];                                                                                                \
        to += 4;                                                                                                       \
    } while (0)
        column a, b, c;
        size_t left = outputs;
        NEXT_COLUMN(a);
        if (stride == 1) {
            NEXT_COLUMN(b);
            for (; left >= 3; left -= 3) {
                NEXT_COLUMN(c);
                NEXT_OUTPUT(a, b, c);
                NEXT_COLUMN(a);
                NEXT_OUTPUT(b, c, a);
                NEXT_COLUMN(b);
                NEXT_OUTPUT(c, a, b);
            }
#pragma clang loop unroll(disable)
            for (; left > 0; left--) {
                NEXT_COLUMN(c);
                NEXT_OUTPUT(a, b, c);
                a = b;
                b = c;
            }
        } else {
            for (; left >= 2; left -= 2) {
                NEXT_COLUMN(b);
                NEXT_COLUMN(c);
                NEXT_OUTPUT(a, b, c);
                NEXT_COLUMN(b);
                NEXT_COLUMN(a);
                NEXT_OUTPUT(c, b, a);
            }
            if (left > 0) {
                NEXT_COLUMN(b);
                NEXT_COLUMN(c);
                NEXT_OUTPUT(a, b, c);
            }
        }
#undef NEXT_OUTPUT
#undef NEXT_COLUMN
    }
}
