#include "qs8_avx2.h"

#if defined(__x86_64__)

#include "qs8_normalise.h"

CK_AVX2 void qs8_affine__avx2(
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
                const __m128i q = _mm_loadu_si128((const __m128i *)(x + c));
                _mm_storeu_si128(
                    (__m128i *)(y + c),
                    ck_affine16(
                        q, _mm256_loadu_si256((const __m256i *)(gains + c)),
                        _mm256_loadu_si256((const __m256i *)(shifts + c))));
            }
#pragma clang loop vectorize(disable) unroll(disable)
            for (; c < count; c++) y[c] = ck_affine(x[c], gains[c], shifts[c]);
        }
    }
}

#endif
