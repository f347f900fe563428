#pragma once

// The GEMM tile of the AVX2 path: unsigned times signed bytes, four products to a 16-bit sum.
//
// It computes -a * w: for a <= 0 as |a| * w, for a > 0 as |a| * ~w + |a|. The last summand does not depend on the column
// and is added once per row. Weights k, k + 4, k + 8 and k + 12 of a column meet in one 16-bit sum, which the bound on
// weights keeps above -32768: 127 (|w| + 1) or 128 |w| each.

#define CK_TARGET CK_AVX2
#include "qs8_avx2.h"

#if defined(__x86_64__)

enum {
    TILE_ROWS = 3,
    TILE_BLOCKS = 1,
    /// Rows of A that are packed at a time, with k up to PACKED_K.
    BAND_ROWS = 24,
    PACKED_K = 512,
    MOST_K = 1024,
};

/// Rows of A and a block of B as the tile wants them.
typedef struct {
    /// For each row and 8 k: magnitudes, then masks of what is positive, both in the order of `weights`.
    _Alignas(32) uint8_t rows[2 * BAND_ROWS * PACKED_K];
    /// For each 16 k: [2 halves of k][columns 0, 1, 4, 5 then 2, 3, 6, 7][k 0, 4, 1, 5, 2, 6, 3, 7].
    _Alignas(32) int8_t weights[8 * MOST_K];
    /// For each row the sum of what is positive.
    int64_t positive[BAND_ROWS];
    __m256i sums[TILE_BLOCKS][BAND_ROWS];
} ck_band;

/// How many rows of A fit a band.
CK_INLINE size_t band_rows(size_t k) { return k <= PACKED_K ? BAND_ROWS : BAND_ROWS / 2; }

CK_INLINE CK_TARGET void pack_rows(size_t rows, size_t k, const int8_t *a, size_t lda, ck_band *band) {
    const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    const __m128i zero = _mm_setzero_si128();
    uint8_t *packed = band->rows;
    for (size_t r = 0; r < rows; r++, a += lda) {
        __m128i sum = zero;
        for (size_t p = 0; p < k; p += 16, packed += 32) {
            const __m128i loaded =
                k - p >= 16 ? _mm_loadu_si128((const __m128i *)(a + p)) : ck_load_some(a + p, k - p);
            const __m128i values = _mm_shuffle_epi8(loaded, order);
            const __m128i magnitude = _mm_abs_epi8(values), mask = _mm_cmpgt_epi8(values, zero);
            _mm_store_si128((__m128i *)packed, _mm_unpacklo_epi64(magnitude, mask));
            _mm_store_si128((__m128i *)(packed + 16), _mm_unpackhi_epi64(magnitude, mask));
            sum = _mm_add_epi64(sum, _mm_sad_epu8(_mm_and_si128(values, mask), zero));
        }
        band->positive[r] = _mm_cvtsi128_si64(_mm_add_epi64(sum, _mm_unpackhi_epi64(sum, sum)));
    }
}

CK_INLINE CK_TARGET void pack_chunk(const __m256i groups[4], int8_t *packed) {
    for (int i = 0; i < 2; i++) {
        _mm256_store_si256((__m256i *)(packed + 64 * i), _mm256_unpacklo_epi8(groups[2 * i], groups[2 * i + 1]));
        _mm256_store_si256((__m256i *)(packed + 64 * i + 32), _mm256_unpackhi_epi8(groups[2 * i], groups[2 * i + 1]));
    }
}

CK_INLINE CK_TARGET void pack_weights(size_t k, const int8_t *weights, ck_band *band) {
    int8_t *packed = band->weights;
    __m256i groups[4];
    for (; k >= 16; k -= 16, weights += 128, packed += 128) {
        for (size_t i = 0; i < 4; i++) groups[i] = _mm256_loadu_si256((const __m256i *)(weights + 32 * i));
        pack_chunk(groups, packed);
    }
    if (k > 0) {
        for (size_t i = 0; i < 4; i++)
            groups[i] = 4 * i < k ? _mm256_loadu_si256((const __m256i *)(weights + 32 * i)) : _mm256_setzero_si256();
        pack_chunk(groups, packed);
    }
}

/// The products of `rows` rows from `first` on and the packed weights.
CK_INLINE CK_TARGET void tile(size_t rows, size_t k, size_t first, const __m256i *bias, ck_band *band) {
    const size_t chunks = (k + 15) / 16, stride = 32 * chunks;
    const uint8_t *x = band->rows + first * stride;
    const int8_t *w = band->weights, *end = w + 128 * chunks;
    const __m256i ones = _mm256_set1_epi16(1);
    // Two halves of each column's sum side by side.
    __m256i low[TILE_ROWS], high[TILE_ROWS];
    for (size_t r = 0; r < rows; r++)
        low[r] = high[r] = _mm256_set1_epi64x(band->positive[first + r]);
#define BROADCAST(from) _mm256_set1_epi64x(*(const int64_t *)(from))
    for (; w < end; w += 128, x += 32) {
        const __m256i w0 = _mm256_load_si256((const __m256i *)w), w1 = _mm256_load_si256((const __m256i *)(w + 32));
        const __m256i w2 = _mm256_load_si256((const __m256i *)(w + 64));
        const __m256i w3 = _mm256_load_si256((const __m256i *)(w + 96));
        for (size_t r = 0; r < rows; r++) {
            const uint8_t *row = x + r * stride;
            const __m256i size0 = BROADCAST(row), mask0 = BROADCAST(row + 8);
            __m256i left = _mm256_maddubs_epi16(size0, _mm256_xor_si256(w0, mask0));
            __m256i right = _mm256_maddubs_epi16(size0, _mm256_xor_si256(w1, mask0));
            const __m256i size1 = BROADCAST(row + 16), mask1 = BROADCAST(row + 24);
            left = _mm256_add_epi16(left, _mm256_maddubs_epi16(size1, _mm256_xor_si256(w2, mask1)));
            right = _mm256_add_epi16(right, _mm256_maddubs_epi16(size1, _mm256_xor_si256(w3, mask1)));
            low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(left, ones));
            high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(right, ones));
        }
    }
#undef BROADCAST
    for (size_t r = 0; r < rows; r++) {
        // Two shuffles take half as long as the horizontal addition that the compiler would make of them.
        const __m256 left = _mm256_castsi256_ps(low[r]), right = _mm256_castsi256_ps(high[r]);
        const __m256i even = _mm256_castps_si256(_mm256_shuffle_ps(left, right, 0x88));
        __m256i odd = _mm256_castps_si256(_mm256_shuffle_ps(left, right, 0xDD));
        __asm__("" : "+x"(odd));
        band->sums[0][first + r] = _mm256_sub_epi32(*bias, _mm256_add_epi32(even, odd));
    }
}

/// The sums of all rows of a band and 8 columns. `next` is for tiles of two blocks.
CK_INLINE CK_TARGET void band_sums(
    size_t rows, size_t k, const int8_t *weights, int next, const int32_t *const bias[TILE_BLOCKS], ck_band *band) {
    (void)next;
    pack_weights(k, weights, band);
    const __m256i start = _mm256_loadu_si256((const __m256i *)bias[0]);
    size_t r = 0;
    for (; r + 3 <= rows; r += 3) tile(3, k, r, &start, band);
    if (rows - r == 2)
        tile(2, k, r, &start, band);
    else if (rows - r == 1)
        tile(1, k, r, &start, band);
}

#endif
