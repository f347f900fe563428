#include "qs8_neon.h"

#if defined(__aarch64__)

#pragma STDC FP_CONTRACT OFF

void qs8_affine__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    for (size_t row = 0; row < rows; row++, input += ldi, output += ldo) {
        size_t c = 0;
        for (; c + 16 <= channels; c += 16) {
            ck_float16x v = ck_widen(vld1q_s8(input + c));
            for (size_t i = 0; i < 4; i++)
                v.part[i] = vaddq_f32(
                    vmulq_f32(v.part[i], vld1q_f32(gain + c + 4 * i)), vld1q_f32(shift + c + 4 * i));
            vst1q_s8(output + c, ck_round16(v));
        }
#pragma clang loop vectorize(disable) unroll(disable)
        for (; c < channels; c++) {
            const float scaled = (float)input[c] * gain[c];
            output[c] = ck_round_to_s8(scaled + shift[c]);
        }
    }
}

#endif
