#if defined(__aarch64__)

#define CK_TARGET __attribute__((target("arch=armv8.1-a+dotprod")))
#define CK_HAS_RDM
#include "qs8_dwconv__neon.h"

enum { GROUP = 4, ENTRY_BYTES = 64, OUTPUTS = 4 };

/// For each channel the bytes of four columns.
CK_INLINE CK_TARGET void make_entry(const int8_t *columns, size_t distance, int8_t *entry) {
    const int8x16_t a = vld1q_s8(columns), b = vld1q_s8(columns + distance);
    const int8x16_t c = vld1q_s8(columns + 2 * distance), d = vld1q_s8(columns + 3 * distance);
    const int16x8_t ab0 = vreinterpretq_s16_s8(vzip1q_s8(a, b)), ab1 = vreinterpretq_s16_s8(vzip2q_s8(a, b));
    const int16x8_t cd0 = vreinterpretq_s16_s8(vzip1q_s8(c, d)), cd1 = vreinterpretq_s16_s8(vzip2q_s8(c, d));
    vst1q_s8(entry, vreinterpretq_s8_s16(vzip1q_s16(ab0, cd0)));
    vst1q_s8(entry + 16, vreinterpretq_s8_s16(vzip2q_s16(ab0, cd0)));
    vst1q_s8(entry + 32, vreinterpretq_s8_s16(vzip1q_s16(ab1, cd1)));
    vst1q_s8(entry + 48, vreinterpretq_s8_s16(vzip2q_s16(ab1, cd1)));
}

CK_INLINE CK_TARGET void sum_outputs(
    size_t rows, size_t groups, const int8_t *const *entries, size_t step, size_t next, const int8_t *weights,
    const ck_qs8_channels *const p[2], int32_t *sums) {
    int32x4_t sum[OUTPUTS][4];
    start_sums(OUTPUTS, p, sum);
    for (size_t row = 0; row < rows; row++) {
        const int8_t *at = entries[row];
#pragma clang loop unroll(disable)
        for (size_t group = 0; group < groups; group++, at += next, weights += ENTRY_BYTES) {
            const int8x16_t w[4] = {
                vld1q_s8(weights), vld1q_s8(weights + 16), vld1q_s8(weights + 32), vld1q_s8(weights + 48)};
            const int8_t *entry = at;
#pragma clang loop unroll(full)
            for (size_t x = 0; x < OUTPUTS; x++, entry = ck_opaque(entry + step))
                for (size_t i = 0; i < 4; i++) sum[x][i] = vdotq_s32(sum[x][i], vld1q_s8(entry + 16 * i), w[i]);
        }
    }
    store_sums(OUTPUTS, sum, sums);
}

#include "qs8_dwconv.h"

CK_TARGET void qs8_dwconv__neondot(DWCONV_PARAMETERS) { dwconv(DWCONV_ARGUMENTS); }

#endif
