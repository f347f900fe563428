#if defined(__aarch64__)

#define CK_TARGET __attribute__((target("arch=armv8.1-a+dotprod")))
#define CK_HAS_RDM
#include "qs8_neon.h"

/// Weights as dot products take them: 3 columns of 16 channels, for each channel [top, middle, bottom, 0]. And what the
/// channels' sums begin with.
typedef struct {
    int8x16_t column[3][4];
    int32x4_t bias[4];
} loaded_weights;

CK_INLINE loaded_weights load_weights(const int8_t *weights, size_t channels, const ck_qs8_channels *p) {
    loaded_weights loaded;
    const int8x16_t none = vdupq_n_s8(0);
    for (size_t x = 0; x < 3; x++, weights += channels) {
        const int8x16_t top = vld1q_s8(weights), middle = vld1q_s8(weights + 3 * channels);
        const int8x16_t bottom = vld1q_s8(weights + 6 * channels);
        for (size_t half = 0; half < 2; half++) {
            const int16x8_t upper = vreinterpretq_s16_s8(half ? vzip2q_s8(top, middle) : vzip1q_s8(top, middle));
            const int16x8_t lower = vreinterpretq_s16_s8(half ? vzip2q_s8(bottom, none) : vzip1q_s8(bottom, none));
            loaded.column[x][2 * half] = vreinterpretq_s8_s16(vzip1q_s16(upper, lower));
            loaded.column[x][2 * half + 1] = vreinterpretq_s8_s16(vzip2q_s16(upper, lower));
        }
    }
    for (size_t i = 0; i < 4; i++) loaded.bias[i] = vld1q_s32(p[i / 2].bias + i % 2 * 4);
    return loaded;
}

// clang-format off
// Loads the next column, [top, middle, bottom, bottom] for each of 16 channels, into four registers.
#define CK_LOAD(c0, c1, c2, c3)                                                                                    \
    "ldr q28, [%[at]]\n"                                                                                           \
    "ldr q29, [%[at], %[middle]]\n"                                                                                \
    "ldr q30, [%[at], %[bottom]]\n"                                                                                \
    "add %[at], %[at], %[channels]\n"                                                                              \
    "zip1 v31.16b, v28.16b, v29.16b\n"                                                                             \
    "zip2 v28.16b, v28.16b, v29.16b\n"                                                                             \
    "zip1 v29.16b, v30.16b, v30.16b\n"                                                                             \
    "zip2 v30.16b, v30.16b, v30.16b\n"                                                                             \
    "zip1 v" c0 ".8h, v31.8h, v29.8h\n"                                                                            \
    "zip2 v" c1 ".8h, v31.8h, v29.8h\n"                                                                            \
    "zip1 v" c2 ".8h, v28.8h, v30.8h\n"                                                                            \
    "zip2 v" c3 ".8h, v28.8h, v30.8h\n"
#define CK_LOAD_A CK_LOAD("12", "13", "14", "15")
#define CK_LOAD_B CK_LOAD("16", "17", "18", "19")
#define CK_LOAD_C CK_LOAD("20", "21", "22", "23")
#define CK_DOT(w0, w1, w2, w3, c0, c1, c2, c3)                                                                     \
    "sdot v24.4s, v" c0 ".16b, v" w0 ".16b\n"                                                                      \
    "sdot v25.4s, v" c1 ".16b, v" w1 ".16b\n"                                                                      \
    "sdot v26.4s, v" c2 ".16b, v" w2 ".16b\n"                                                                      \
    "sdot v27.4s, v" c3 ".16b, v" w3 ".16b\n"
// The sums of one output from its left, middle and right column; leaves when it was the last.
#define CK_OUTPUT(l0, l1, l2, l3, m0, m1, m2, m3, r0, r1, r2, r3)                                                  \
    "ld1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[bias]]\n" CK_DOT("0", "1", "2", "3", l0, l1, l2, l3)                 \
        CK_DOT("4", "5", "6", "7", m0, m1, m2, m3) CK_DOT("8", "9", "10", "11", r0, r1, r2, r3)                    \
    "st1 {v24.4s, v25.4s, v26.4s, v27.4s}, [%[sums]], #64\n"                                                       \
    "subs %[n], %[n], #1\n"
#define CK_OUTPUT_ABC CK_OUTPUT("12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23")
#define CK_OUTPUT_BCA CK_OUTPUT("16", "17", "18", "19", "20", "21", "22", "23", "12", "13", "14", "15")
#define CK_OUTPUT_CAB CK_OUTPUT("20", "21", "22", "23", "12", "13", "14", "15", "16", "17", "18", "19")

/// Sums of `outputs` (1 or more) outputs. In assembly, because weights, columns and sums take all registers: three
/// columns change their parts from one output to the next, so that none is copied.
CK_INLINE CK_TARGET void sum_outputs(
    size_t outputs, size_t channels, size_t stride, const int8_t *const rows[3], const loaded_weights *w,
    int32x4_t sums[][4]) {
    const int8_t *at = rows[0];
    const intptr_t middle = (intptr_t)rows[1] - (intptr_t)rows[0], bottom = (intptr_t)rows[2] - (intptr_t)rows[0];
    int32x4_t *to = sums[0];
    __asm__ volatile(
        "ld1 {v0.16b, v1.16b, v2.16b, v3.16b}, [%[w]], #64\n"
        "ld1 {v4.16b, v5.16b, v6.16b, v7.16b}, [%[w]], #64\n"
        "ld1 {v8.16b, v9.16b, v10.16b, v11.16b}, [%[w]], #64\n" CK_LOAD_A
        "cbz %[two], 3f\n"
        "2:\n" CK_LOAD_B CK_LOAD_C CK_OUTPUT_ABC
        "b.eq 9f\n" CK_LOAD_A CK_LOAD_B CK_OUTPUT_CAB
        "b.eq 9f\n" CK_LOAD_C CK_LOAD_A CK_OUTPUT_BCA
        "b.ne 2b\n"
        "b 9f\n"
        "3:\n" CK_LOAD_B
        "1:\n" CK_LOAD_C CK_OUTPUT_ABC
        "b.eq 9f\n" CK_LOAD_A CK_OUTPUT_BCA
        "b.eq 9f\n" CK_LOAD_B CK_OUTPUT_CAB
        "b.ne 1b\n"
        "9:\n"
        : [at] "+r"(at), [sums] "+r"(to), [n] "+r"(outputs), [w] "+r"(w)
        : [middle] "r"(middle), [bottom] "r"(bottom), [channels] "r"(channels), [bias] "r"(w->bias),
          [two] "r"(stride - 1)
        : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16",
          "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "cc",
          "memory");
}
// clang-format on

#include "qs8_dwconv3x3__neon.h"

CK_TARGET void qs8_dwconv3x3__neondot(
    size_t width, size_t channels, size_t stride, const int8_t *const rows[3], const int8_t *weights,
    const ck_qs8_channels *parameters, ck_activation activation, int8_t *output) {
    convolve_by_case(width, channels, stride, rows, weights, parameters, activation, output);
}

#endif
