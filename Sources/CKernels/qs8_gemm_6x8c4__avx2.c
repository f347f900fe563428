#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

// Vectors hold two rows of 8 columns as a tile's sums come out: columns 0, 1, 4, 5 of both rows in the low half, columns
// 2, 3, 6, 7 in the high half.

CK_INLINE CK_AVX2 __m256i load_parameter(const int16_t *values) {
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11,  //
        4, 5, 6, 7, 12, 13, 14, 15, 4, 5, 6, 7, 12, 13, 14, 15);
    return _mm256_shuffle_epi8(ck_load_twice(values), order);
}

CK_INLINE CK_AVX2 void load_lanes(
    const ck_qs8_channels *p, ck_activation activation, int adds, ck_lanes *lanes) {
    lanes->gain = load_parameter(p->gain);
    if (activation != CK_IDENTITY) lanes->zero = load_parameter(p->zero);
    if (adds) lanes->residual_gain = load_parameter(p->residual_gain);
    if (activation == CK_SILU) {
        lanes->tau = load_parameter(p->tau);
        lanes->dip = load_parameter(p->dip);
        ck_set_lift(lanes, load_parameter(p->lift));
    }
}

/// Two rows of a residual as the vectors hold them, times 128.
CK_INLINE CK_AVX2 __m256i load_residual(const int8_t *first, const int8_t *second) {
    const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m128i rows = _mm_unpacklo_epi64(
        _mm_loadl_epi64((const __m128i *)first), _mm_loadl_epi64((const __m128i *)second));
    return _mm256_slli_epi16(_mm256_cvtepi8_epi16(_mm_shuffle_epi8(rows, order)), 7);
}

CK_INLINE CK_AVX2 void store_two_rows(__m128i rows, int8_t *c, size_t ldc, int both) {
    _mm_storel_epi64((__m128i *)c, rows);
    if (both) _mm_storeh_pd((double *)(void *)(c + ldc), _mm_castsi128_pd(rows));
}

/// Rows of `columns` blocks (1 or 2).
CK_INLINE CK_AVX2 void band_blocks(
    size_t rows, size_t columns, size_t k, const int16_t *wide, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const ck_silu_tables *tables, const int8_t *residual,
    size_t ldr, int8_t *c, size_t ldc) {
    enum { MOST_VECTORS = (TILE_ROWS + 1) / 2 };
    const size_t vectors = (rows + 1) / 2, count = columns * vectors;
    // Where their number is odd the last vector has an idle companion.
    __m256i x[2 * MOST_VECTORS + 1];
    ck_lanes lanes[2];
    for (size_t b = 0; b < columns; b++) {
        __m256i sums[TILE_ROWS];
        tile(rows, k, wide, weights + b * 8 * k, channels[b].bias, sums);
        const ck_shift shift = ck_load_shift(_mm256_permute4x64_epi64(
            _mm256_loadu_si256((const __m256i *)channels[b].shift), 0xD8));
        for (size_t r = 0; r < rows; r++) sums[r] = ck_shift_sums(sums[r], &shift);
        for (size_t i = 0; i < vectors; i++)
            x[b * vectors + i] = _mm256_packs_epi32(sums[2 * i], sums[2 * i + 1 < rows ? 2 * i + 1 : 2 * i]);
        load_lanes(&channels[b], activation, residual != NULL, &lanes[b]);
    }
    x[count] = x[count - 1];
    for (size_t i = 0; i < count; i += 2) {
        const size_t blocks[2] = {i / vectors, i + 1 < count ? (i + 1) / vectors : i / vectors};
        const ck_lanes *const both[2] = {&lanes[blocks[0]], &lanes[blocks[1]]};
        ck_activate2(x + i, both, activation, tables);
        for (size_t j = 0; j < 2 && i + j < count; j++) {
            const size_t row = (i + j) % vectors * 2;
            if (residual) {
                const int8_t *from = residual + row * ldr + 8 * blocks[j];
                const __m256i more = _mm256_mulhrs_epi16(
                    load_residual(from, row + 1 < rows ? from + ldr : from), both[j]->residual_gain);
                x[i + j] = _mm256_adds_epi16(x[i + j], more);
            }
            x[i + j] = ck_store_form(x[i + j]);
        }
        const __m256i bytes = _mm256_packs_epi16(x[i], x[i + 1]);
        const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
        for (size_t j = 0; j < 2 && i + j < count; j++) {
            const size_t row = (i + j) % vectors * 2;
            store_two_rows(
                j ? _mm_unpackhi_epi16(low, high) : _mm_unpacklo_epi16(low, high), c + row * ldc + 8 * blocks[j], ldc,
                row + 1 < rows);
        }
    }
}

/// All columns of `rows` rows.
CK_INLINE CK_AVX2 void gemm_band(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const ck_silu_tables *tables, const int8_t *residual,
    size_t ldr, int8_t *c, size_t ldc) {
    int16_t wide[TILE_ROWS * WIDE_STRIDE];
    widen_rows(rows, k, a, lda, wide);
    size_t block = 0;
    for (; block + 2 <= blocks; block += 2)
        band_blocks(
            rows, 2, k, wide, weights + block * 8 * k, channels + block, activation, tables,
            residual ? residual + 8 * block : NULL, ldr, c + 8 * block, ldc);
    if (block < blocks)
        band_blocks(
            rows, 1, k, wide, weights + block * 8 * k, channels + block, activation, tables,
            residual ? residual + 8 * block : NULL, ldr, c + 8 * block, ldc);
}

CK_INLINE CK_AVX2 void gemm(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables();
    size_t row = 0;
#define BANDS(count)                                                                                               \
    for (; row + (count) <= rows; row += (count))                                                                  \
    gemm_band(                                                                                                     \
        count, blocks, k, a + row * lda, lda, weights, channels, activation, &tables,                              \
        residual ? residual + row * ldr : NULL, ldr, c + row * ldc, ldc)
    BANDS(6);
    BANDS(4);
    BANDS(2);
    BANDS(1);
#undef BANDS
}

CK_AVX2 void qs8_gemm_6x8c4__avx2(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    if (k > WIDE_K) {
        qs8_gemm_8x8c4__scalar(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc);
        return;
    }
    // Constants in place of the arguments that decide what code runs.
#define GEMM(activation, residual) gemm(rows, blocks, k, a, lda, weights, channels, activation, residual, ldr, c, ldc)
    if (residual && activation == CK_SILU)
        GEMM(CK_SILU, residual);
    else if (residual && activation == CK_RELU)
        GEMM(CK_RELU, residual);
    else if (residual)
        GEMM(CK_IDENTITY, residual);
    else if (activation == CK_SILU)
        GEMM(CK_SILU, NULL);
    else if (activation == CK_RELU)
        GEMM(CK_RELU, NULL);
    else
        GEMM(CK_IDENTITY, NULL);
#undef GEMM
}

#endif
