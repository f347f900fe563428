#include "qs8_neon.h"

#if defined(__ARM_NEON)

#include "qs8_normalise.h"

void qs8_affine__neon(
    size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain, const float *shift,
    int8_t *output, size_t ldo) {
    int16_t gains[CK_NORMALISED_CHANNELS], shifts[CK_NORMALISED_CHANNELS];
    for (size_t first = 0; first < channels; first += CK_NORMALISED_CHANNELS) {
        const size_t rest = channels - first;
        const size_t count = rest < CK_NORMALISED_CHANNELS ? rest : CK_NORMALISED_CHANNELS;
        ck_affine_channels(count, gain + first, shift + first, gains, shifts);
        for (size_t row = 0; row < rows; row++) {
            const int8_t *x = input + row * ldi + first;
            int8_t *y = output + row * ldo + first;
            size_t c = 0;
            for (; c + 16 <= count; c += 16) {
                const int8x16_t q = vld1q_s8(x + c);
                const int16x8_t low = vqrdmulhq_s16(vshll_n_s8(vget_low_s8(q), 7), vld1q_s16(gains + c));
                const int16x8_t high = vqrdmulhq_s16(vshll_high_n_s8(q, 7), vld1q_s16(gains + c + 8));
                const int8x8_t first8 = vqrshrn_n_s16(vqaddq_s16(low, vld1q_s16(shifts + c)), 5);
                vst1q_s8(y + c, vqrshrn_high_n_s16(first8, vqaddq_s16(high, vld1q_s16(shifts + c + 8)), 5));
            }
#pragma clang loop vectorize(disable) unroll(disable)
            for (; c < count; c++) y[c] = ck_affine(x[c], gains[c], shifts[c]);
        }
    }
}

#endif
