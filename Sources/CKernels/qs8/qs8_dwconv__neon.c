#include "qs8_dwconv__neon.h"

#if defined(__ARM_NEON)

#if defined(__arm__)
enum { GROUP = 2, ENTRY_BYTES = 32, OUTPUTS = 2 };
#else
enum { GROUP = 2, ENTRY_BYTES = 32, OUTPUTS = 4 };
#endif

/// One column after the other.
CK_INLINE void make_entry(const int8_t *columns, size_t distance, int8_t *entry) {
    vst1q_s8(entry, vld1q_s8(columns));
    vst1q_s8(entry + 16, vld1q_s8(columns + distance));
}

/// Two products of signed bytes fit 16 bits because weights are -127...127.
CK_INLINE void sum_outputs(
    size_t rows, size_t groups, const int8_t *const *entries, size_t step, size_t next, const int8_t *weights,
    const ck_qs8_channels *const p[2], int32_t *sums) {
    int32x4_t sum[OUTPUTS][4];
    start_sums(OUTPUTS, p, sum);
    for (size_t row = 0; row < rows; row++) {
        const int8_t *at = entries[row];
#pragma clang loop unroll(disable)
        for (size_t group = 0; group < groups; group++, at += next, weights += ENTRY_BYTES) {
            const int8x16_t w0 = vld1q_s8(weights), w1 = vld1q_s8(weights + 16);
#pragma clang loop unroll(full)
            for (size_t x = 0; x < OUTPUTS; x++) {
                const int8x16_t x0 = vld1q_s8(at + x * step), x1 = vld1q_s8(at + x * step + 16);
                const int16x8_t low = vmlal_s8(
                    vmull_s8(vget_low_s8(x0), vget_low_s8(w0)), vget_low_s8(x1), vget_low_s8(w1));
                const int16x8_t high = vmlal_high_s8(vmull_high_s8(x0, w0), x1, w1);
                sum[x][0] = vaddw_s16(sum[x][0], vget_low_s16(low));
                sum[x][1] = vaddw_high_s16(sum[x][1], low);
                sum[x][2] = vaddw_s16(sum[x][2], vget_low_s16(high));
                sum[x][3] = vaddw_high_s16(sum[x][3], high);
            }
        }
    }
    store_sums(OUTPUTS, sum, sums);
}

#include "qs8_dwconv.h"

void qs8_dwconv__neon(DWCONV_PARAMETERS) { dwconv(DWCONV_ARGUMENTS); }

#endif
