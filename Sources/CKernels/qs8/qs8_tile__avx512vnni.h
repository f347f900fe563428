#pragma once

// The GEMM tile of the AVX-512 path: dot products of unsigned with signed bytes. A is taken as it lies; weights plus 128
// are unsigned, and 128 times the sum of a row of A makes up for that.

#ifndef CK_TARGET
#define CK_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")))
#endif
#include "qs8_avx2.h"

#if defined(__x86_64__)

enum { TILE_ROWS = 12, TILE_BLOCKS = 2, BAND_ROWS = 48 };

/// Rows of A, and their sums with two blocks of B.
struct ck_band {
    const int8_t *a;
    size_t lda;
    /// -128 times the sum of each row.
    int32_t lost[BAND_ROWS];
    /// The sums of each row, block by block.
    __m256i sums[TILE_BLOCKS * BAND_ROWS];
};

CK_INLINE size_t band_rows(size_t k) {
    (void)k;
    return BAND_ROWS;
}

CK_INLINE CK_TARGET void pack_rows(size_t rows, size_t k, const int8_t *a, size_t lda, struct ck_band *band) {
    band->a = a;
    band->lda = lda;
    const __m128i factor = _mm_set1_epi8(-128);
    for (size_t r = 0; r < rows; r++, a += lda) {
        __m128i sums = _mm_setzero_si128();
        for (size_t p = 0; p < k; p += 16) {
            const __mmask16 exists = k - p >= 16 ? 0xFFFF : (__mmask16)((1u << (k - p)) - 1);
            sums = _mm_dpbusd_epi32(sums, factor, _mm_maskz_loadu_epi8(exists, a + p));
        }
        const __m128i pair = _mm_add_epi32(sums, _mm_unpackhi_epi64(sums, sums));
        band->lost[r] = -_mm_cvtsi128_si32(_mm_add_epi32(pair, _mm_shuffle_epi32(pair, 1)));
    }
}

/// The sums of `rows` rows from `first` on and the blocks at `weights` and, where there are two, `more`.
CK_INLINE CK_TARGET void tile(
    size_t blocks, size_t rows, size_t k, size_t first, const int8_t *weights, const int8_t *more, __m512i bias,
    struct ck_band *band) {
    const int8_t *a = band->a + first * band->lda;
    __m512i sums[TILE_ROWS];
    for (size_t r = 0; r < rows; r++) sums[r] = _mm512_add_epi32(bias, _mm512_set1_epi32(band->lost[first + r]));
    for (size_t p = 0; p < k; p += 4, weights += 32, more += 32) {
        const __m512i both = _mm512_inserti64x4(
            _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)weights)),
            _mm256_loadu_si256((const __m256i *)more), 1);
        const __m512i w = _mm512_xor_si512(both, _mm512_set1_epi8(-128));
        for (size_t r = 0; r < rows; r++) {
            int32_t x;
            __builtin_memcpy(&x, a + r * band->lda + p, 4);
            sums[r] = _mm512_dpbusd_epi32(sums[r], w, _mm512_set1_epi32(x));
        }
    }
    for (size_t r = 0; r < rows; r++) {
        __m256i *to = band->sums + (first + r) * blocks;
        to[0] = _mm512_castsi512_si256(sums[r]);
        if (blocks > 1) to[1] = _mm512_extracti64x4_epi64(sums[r], 1);
    }
}

/// The sums of all rows of a band and `blocks` (1 or 2) times 8 columns.
CK_INLINE CK_TARGET void band_sums(
    size_t blocks, size_t rows, size_t k, const int8_t *weights, const int32_t *const bias[TILE_BLOCKS],
    struct ck_band *band) {
    const int8_t *more = blocks > 1 ? weights + 8 * k : weights;
    const __m512i start = _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)bias[0])),
        _mm256_loadu_si256((const __m256i *)bias[blocks - 1]), 1);
    size_t r = 0;
    for (; r + TILE_ROWS <= rows; r += TILE_ROWS) tile(blocks, TILE_ROWS, k, r, weights, more, start, band);
    for (; r + 4 <= rows; r += 4) tile(blocks, 4, k, r, weights, more, start, band);
    for (; r < rows; r++) tile(blocks, 1, k, r, weights, more, start, band);
}

#endif
