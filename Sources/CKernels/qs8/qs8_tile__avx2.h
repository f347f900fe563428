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
    TILE_BLOCKS = 4,
    /// Rows of A that are packed at a time, fewer where they are long.
    BAND_ROWS = 48,
    BAND_BYTES = 24576,
    MAX_K = 1024,
};

/// Rows of A and blocks of B in the tile's layout.
struct ck_band {
    /// For each row and 32 k (16 at the end): magnitudes, then masks of what is positive, both in the order of `weights`.
    _Alignas(32) uint8_t rows[BAND_BYTES];
    /// For each 16 k and each block: [2 halves of k][columns 0, 1, 4, 5 then 2, 3, 6, 7][k 0, 4, 1, 5, 2, 6, 3, 7].
    _Alignas(32) int8_t weights[8 * TILE_BLOCKS * MAX_K];
    /// For each row the sum of what is positive.
    int64_t positive[BAND_ROWS];
    /// The sums of each row, block by block.
    __m256i sums[TILE_BLOCKS * BAND_ROWS];
};

/// How many rows of A fit a band: a multiple of 4.
CK_INLINE size_t band_rows(size_t k) {
    const size_t fit = BAND_BYTES / 2 / ck_round_up(k, 16) / 4 * 4;
    return fit < BAND_ROWS ? fit : BAND_ROWS;
}

/// The last `count` (1...15) values of a row that ends at `end`, and zeros. `whole`: at least 16 values lie there.
CK_INLINE CK_TARGET __m128i load_last(const int8_t *end, size_t count, int whole) {
    if (!whole) return ck_load_some(end - count, count);
    static const int8_t shifts[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    return _mm_shuffle_epi8(
        _mm_loadu_si128((const __m128i *)(end - 16)), _mm_loadu_si128((const __m128i *)(shifts + 16 - count)));
}

CK_INLINE CK_TARGET void pack_rows(size_t rows, size_t k, const int8_t *a, size_t lda, struct ck_band *band) {
    const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    const __m256i order2 = _mm256_broadcastsi128_si256(order), zero = _mm256_setzero_si256();
    uint8_t *packed = band->rows;
    for (size_t r = 0; r < rows; r++, a += lda) {
        __m256i sums = zero;
        size_t p = 0;
        for (; p + 32 <= k; p += 32, packed += 64) {
            const __m256i values = _mm256_shuffle_epi8(_mm256_loadu_si256((const __m256i *)(a + p)), order2);
            const __m256i mask = _mm256_cmpgt_epi8(values, zero);
            _mm256_store_si256((__m256i *)packed, _mm256_abs_epi8(values));
            _mm256_store_si256((__m256i *)(packed + 32), mask);
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_and_si256(values, mask), zero));
        }
        __m128i sum = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
        for (; p < k; p += 16, packed += 32) {
            const __m128i loaded = k - p >= 16 ? _mm_loadu_si128((const __m128i *)(a + p))
                                               : load_last(a + k, k - p, p > 0);
            const __m128i values = _mm_shuffle_epi8(loaded, order);
            const __m128i mask = _mm_cmpgt_epi8(values, _mm_setzero_si128());
            _mm_store_si128((__m128i *)packed, _mm_abs_epi8(values));
            _mm_store_si128((__m128i *)(packed + 16), mask);
            sum = _mm_add_epi64(sum, _mm_sad_epu8(_mm_and_si128(values, mask), _mm_setzero_si128()));
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

CK_INLINE CK_TARGET void pack_weights(size_t blocks, size_t k, const int8_t *weights, struct ck_band *band) {
    for (size_t b = 0; b < blocks; b++) {
        int8_t *packed = band->weights + 128 * b;
        __m256i groups[4];
        size_t left = k;
        for (; left >= 16; left -= 16, weights += 128, packed += 128 * blocks) {
            for (size_t i = 0; i < 4; i++) groups[i] = _mm256_loadu_si256((const __m256i *)(weights + 32 * i));
            pack_chunk(groups, packed);
        }
        if (left == 0) continue;
        for (size_t i = 0; i < 4; i++)
            groups[i] = 4 * i < left ? _mm256_loadu_si256((const __m256i *)(weights + 32 * i)) : _mm256_setzero_si256();
        pack_chunk(groups, packed);
        weights += 8 * left;
    }
}

/// Adds the products of 16 k of a row and a block: two halves of each column's sum side by side.
CK_INLINE CK_TARGET void add_products(
    const __m256i size[2], const __m256i mask[2], const int8_t *weights, __m256i *low, __m256i *high) {
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i *w = (const __m256i *)weights;
    const __m256i left = _mm256_add_epi16(
        _mm256_maddubs_epi16(size[0], _mm256_xor_si256(mask[0], _mm256_load_si256(w))),
        _mm256_maddubs_epi16(size[1], _mm256_xor_si256(mask[1], _mm256_load_si256(w + 2))));
    const __m256i right = _mm256_add_epi16(
        _mm256_maddubs_epi16(size[0], _mm256_xor_si256(mask[0], _mm256_load_si256(w + 1))),
        _mm256_maddubs_epi16(size[1], _mm256_xor_si256(mask[1], _mm256_load_si256(w + 3))));
    *low = _mm256_add_epi32(*low, _mm256_madd_epi16(left, ones));
    *high = _mm256_add_epi32(*high, _mm256_madd_epi16(right, ones));
}

// clang-format off
/// The products of all rows and `blocks` packed blocks. One row and four blocks at a time: every weight is an operand
/// in memory, so that a row's four vectors and 8 sums have the registers and decoding is not what limits.
CK_INLINE CK_TARGET void tile(
    size_t blocks, size_t rows, size_t k, const int32_t *const bias[TILE_BLOCKS], struct ck_band *band) {
    const uint8_t *x = band->rows;
    __m256i start[TILE_BLOCKS];
    for (size_t b = 0; b < blocks; b++) start[b] = _mm256_loadu_si256((const __m256i *)bias[b]);
#define BROADCAST(from) _mm256_set1_epi64x(*(const int64_t *)(from))
#define CHUNK(from, masks)                                                                                         \
    do {                                                                                                           \
        const __m256i size[2] = {BROADCAST(from), BROADCAST((from) + 8)};                                          \
        const __m256i mask[2] = {BROADCAST((from) + (masks)), BROADCAST((from) + (masks) + 8)};                    \
        for (size_t b = 0; b < blocks; b++, w += 128) add_products(size, mask, w, &low[b], &high[b]);              \
    } while (0)
    for (size_t r = 0; r < rows; r++) {
        const int8_t *w = band->weights;
        __m256i low[TILE_BLOCKS], high[TILE_BLOCKS];
        for (size_t b = 0; b < blocks; b++) low[b] = high[b] = _mm256_set1_epi64x(band->positive[r]);
        for (const uint8_t *end = x + k / 32 * 64; x < end; x += 64) {
            CHUNK(x, 32);
            CHUNK(x + 16, 32);
        }
        for (const uint8_t *end = x + (k % 32 + 15) / 16 * 32; x < end; x += 32) CHUNK(x, 16);
        for (size_t b = 0; b < blocks; b++) {
            // Two shuffles take half as long as the horizontal addition that the compiler would make of them.
            const __m256 left = _mm256_castsi256_ps(low[b]), right = _mm256_castsi256_ps(high[b]);
            const __m256i even = _mm256_castps_si256(_mm256_shuffle_ps(left, right, 0x88));
            __m256i odd = _mm256_castps_si256(_mm256_shuffle_ps(left, right, 0xDD));
            __asm__("" : "+x"(odd));
            band->sums[r * blocks + b] = _mm256_sub_epi32(start[b], _mm256_add_epi32(even, odd));
        }
    }
#undef CHUNK
#undef BROADCAST
}
// clang-format on

/// The sums of all rows of a band and `blocks` times 8 columns.
static CK_TARGET __attribute__((noinline)) void band_sums(
    size_t blocks, size_t rows, size_t k, const int8_t *weights, const int32_t *const bias[TILE_BLOCKS],
    struct ck_band *band) {
    pack_weights(blocks, k, weights, band);
    if (blocks == 4)
        tile(4, rows, k, bias, band);
    else if (blocks == 3)
        tile(3, rows, k, bias, band);
    else if (blocks == 2)
        tile(2, rows, k, bias, band);
    else
        tile(1, rows, k, bias, band);
}

#endif
