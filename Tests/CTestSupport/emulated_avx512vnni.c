// The kernels of the avx512vnni path for processors without it: the same source, with the few instructions beyond AVX2
// written out in C. Proves the path's logic, not the processor.

#include "CTestSupport.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define CK_TARGET __attribute__((target("avx2,fma,f16c")))
#define EMULATED static inline __attribute__((always_inline)) CK_TARGET

typedef struct {
    __m256i half[2];
} pair;

EMULATED pair widen(__m256i low) { return (pair){{low, _mm256_setzero_si256()}}; }

EMULATED pair insert(pair to, __m256i half, int index) {
    to.half[index] = half;
    return to;
}

EMULATED pair add(pair a, pair b) {
    return (pair){{_mm256_add_epi32(a.half[0], b.half[0]), _mm256_add_epi32(a.half[1], b.half[1])}};
}

EMULATED pair exclusive_or(pair a, pair b) {
    return (pair){{_mm256_xor_si256(a.half[0], b.half[0]), _mm256_xor_si256(a.half[1], b.half[1])}};
}

EMULATED pair repeat(__m256i value) { return (pair){{value, value}}; }

/// sums[i] += a[4i...4i + 3] * b[4i...4i + 3], a unsigned, b signed.
static void dot(size_t count, const void *sums, const void *a, const void *b, void *result) {
    for (size_t i = 0; i < count; i++) {
        uint8_t x[4];
        int8_t y[4];
        int32_t sum;
        memcpy(x, (const uint8_t *)a + 4 * i, 4);
        memcpy(y, (const int8_t *)b + 4 * i, 4);
        memcpy(&sum, (const int32_t *)sums + i, 4);
        for (size_t j = 0; j < 4; j++) sum += x[j] * y[j];
        memcpy((int32_t *)result + i, &sum, 4);
    }
}

EMULATED pair dot16(pair sums, pair a, pair b) {
    pair result;
    dot(16, &sums, &a, &b, &result);
    return result;
}

EMULATED __m128i dot4(__m128i sums, __m128i a, __m128i b) {
    __m128i result;
    dot(4, &sums, &a, &b, &result);
    return result;
}

EMULATED __m128i load_masked(__mmask16 mask, const void *from) {
    int8_t bytes[16] = {0};
    for (size_t i = 0; i < 16; i++)
        if (mask >> i & 1) bytes[i] = ((const int8_t *)from)[i];
    return _mm_loadu_si128((const __m128i *)bytes);
}

#undef _mm512_inserti64x4
#undef _mm512_extracti64x4_epi64
#undef _mm_dpbusd_epi32
#define __m512i pair
#define _mm512_castsi256_si512(low) widen(low)
#define _mm512_castsi512_si256(value) ((value).half[0])
#define _mm512_inserti64x4(to, half, index) insert(to, half, index)
#define _mm512_extracti64x4_epi64(value, index) ((value).half[index])
#define _mm512_add_epi32(a, b) add(a, b)
#define _mm512_xor_si512(a, b) exclusive_or(a, b)
#define _mm512_set1_epi8(value) repeat(_mm256_set1_epi8(value))
#define _mm512_set1_epi32(value) repeat(_mm256_set1_epi32(value))
#define _mm512_dpbusd_epi32(sums, a, b) dot16(sums, a, b)
#define _mm_dpbusd_epi32(sums, a, b) dot4(sums, a, b)
#define _mm_maskz_loadu_epi8(mask, from) load_masked(mask, from)

#define qs8_gemm_12x16c4__avx512vnni ctest_emulated_gemm
#define qs8_gemm_f16_12x16c4__avx512vnni ctest_emulated_gemm_f16
#include "../../Sources/CKernels/qs8/qs8_gemm_12x16c4__avx512vnni.c"
#include "../../Sources/CKernels/qs8/qs8_gemm_f16_12x16c4__avx512vnni.c"

int ctest_emulates_avx512vnni(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c"); }

#else

int ctest_emulates_avx512vnni(void) { return 0; }

void ctest_emulated_gemm(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    qs8_gemm__scalar(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc);
}

void ctest_emulated_gemm_f16(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights, const ck_qs8_values *channels,
    uint16_t *c, size_t ldc) {
    qs8_gemm_f16__scalar(rows, n, k, a, lda, weights, channels, c, ldc);
}

#endif
