#pragma once

// The body of the int8 GEMMs for both x86 paths: a path's file includes its tile first.

// Vectors hold two rows of 8 columns as packed sums come out: columns 0...3 of both rows in the low half, columns 4...7
// in the high half.

CK_INLINE CK_AVX2 __m256i load_parameter(const int16_t *values) {
    const __m256i order = _mm256_setr_epi8(
        0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7,  //
        8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
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
    const __m128i rows = _mm_unpacklo_epi32(
        _mm_loadl_epi64((const __m128i *)first), _mm_loadl_epi64((const __m128i *)second));
    return _mm256_slli_epi16(_mm256_cvtepi8_epi16(rows), 7);
}

/// Stores the sums of up to 4 rows x 8.
CK_INLINE CK_AVX2 void store_rows(
    size_t rows, const __m256i *sums, const ck_shift *shift, const ck_lanes *lanes, ck_activation activation,
    const ck_silu_tables *tables, const int8_t *residual, size_t ldr, int8_t *c, size_t ldc) {
    __m256i x[4], v[2];
    for (size_t r = 0; r < 4; r++) x[r] = ck_shift_sums(sums[r < rows ? r : 0], shift);
    for (size_t i = 0; i < 2; i++) v[i] = _mm256_packs_epi32(x[2 * i], x[2 * i + 1]);
    const ck_lanes *const both[2] = {lanes, lanes};
    ck_activate2(v, both, activation, tables);
    for (size_t i = 0; i < 2; i++) {
        if (residual) {
            const int8_t *first = residual + (2 * i < rows ? 2 * i : 0) * ldr;
            const int8_t *second = residual + (2 * i + 1 < rows ? 2 * i + 1 : 0) * ldr;
            v[i] = _mm256_adds_epi16(
                v[i], _mm256_mulhrs_epi16(load_residual(first, second), lanes->residual_gain));
        }
        v[i] = ck_store_form(v[i]);
    }
    const __m256i bytes = _mm256_packs_epi16(v[0], v[1]);
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    const __m128i pairs[2] = {_mm_unpacklo_epi32(low, high), _mm_unpackhi_epi32(low, high)};
    for (size_t i = 0; i < 2; i++, c += 2 * ldc) {
        if (2 * i < rows) _mm_storel_epi64((__m128i *)c, pairs[i]);
        if (2 * i + 1 < rows) _mm_storeh_pd((double *)(void *)(c + ldc), _mm_castsi128_pd(pairs[i]));
    }
}

/// Stores the sums of all rows of a band x 8.
CK_INLINE CK_AVX2 void store_block(
    size_t rows, const __m256i *sums, const ck_qs8_channels *p, ck_activation activation,
    const ck_silu_tables *tables, const int8_t *residual, size_t ldr, int8_t *c, size_t ldc) {
    const ck_shift shift = ck_load_shift(_mm256_loadu_si256((const __m256i *)p->shift));
    ck_lanes lanes;
    load_lanes(p, activation, residual != NULL, &lanes);
    size_t r = 0;
    for (; r + 4 <= rows; r += 4)
        store_rows(
            4, sums + r, &shift, &lanes, activation, tables, residual ? residual + r * ldr : NULL, ldr, c + r * ldc,
            ldc);
    if (r < rows)
        store_rows(
            rows - r, sums + r, &shift, &lanes, activation, tables, residual ? residual + r * ldr : NULL, ldr,
            c + r * ldc, ldc);
}

/// How many rows to take at a time: bands of about one size, each a multiple of 4 but the last.
CK_INLINE size_t band_size(size_t rows, size_t k) {
    const size_t bands = (rows > 0 ? rows - 1 : 0) / band_rows(k) + 1;
    return ck_round_up((rows + bands - 1) / bands, 4);
}

/// How many of the blocks that are left to take at a time. A single block costs a tile of more blocks its speed.
CK_INLINE size_t tile_blocks(size_t left) {
    if (left == TILE_BLOCKS + 1 && TILE_BLOCKS > 2) return TILE_BLOCKS - 1;
    return left < TILE_BLOCKS ? left : TILE_BLOCKS;
}

CK_INLINE CK_TARGET void gemm(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
    ck_band band;
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables();
    const size_t most = band_size(rows, k);
    for (size_t first = 0, some; first < rows; first += some) {
        some = rows - first < most ? rows - first : most;
        pack_rows(some, k, a + first * lda, lda, &band);
        for (size_t block = 0, parts; block < blocks; block += parts) {
            parts = tile_blocks(blocks - block);
            const int32_t *bias[TILE_BLOCKS];
            for (size_t i = 0; i < parts; i++) bias[i] = channels[block + i].bias;
            band_sums(parts, some, k, weights + block * 8 * k, bias, &band);
            for (size_t i = 0; i < parts; i++) {
                const size_t column = 8 * (block + i);
                store_block(
                    some, band.sums[i], &channels[block + i], activation, &tables,
                    residual ? residual + first * ldr + column : NULL, ldr, c + first * ldc + column, ldc);
            }
        }
    }
}

/// The same with constants in place of the arguments that decide what code runs.
CK_INLINE CK_TARGET void gemm_by_activation(
    size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc) {
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

CK_INLINE CK_AVX2 void store_values(size_t columns, __m128i halves, uint16_t *c) {
    if (columns >= 8) {
        _mm_storeu_si128((__m128i *)c, halves);
        return;
    }
    uint16_t some[8];
    _mm_storeu_si128((__m128i *)some, halves);
    for (size_t i = 0; i < columns; i++) c[i] = some[i];
}

CK_INLINE CK_TARGET void gemm_values(
    size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc) {
    ck_band band;
    const size_t most = band_size(rows, k), blocks = (n + 7) / 8;
    for (size_t first = 0, some; first < rows; first += some) {
        some = rows - first < most ? rows - first : most;
        pack_rows(some, k, a + first * lda, lda, &band);
        for (size_t block = 0, parts; block < blocks; block += parts) {
            parts = tile_blocks(blocks - block);
            const int32_t *bias[TILE_BLOCKS];
            for (size_t i = 0; i < parts; i++) bias[i] = channels[block + i].bias;
            band_sums(parts, some, k, weights + block * 8 * k, bias, &band);
            for (size_t i = 0; i < parts; i++) {
                const __m256 scale = _mm256_loadu_ps(channels[block + i].scale);
                const size_t column = 8 * (block + i);
                for (size_t r = 0; r < some; r++)
                    store_values(
                        n - column,
                        _mm256_cvtps_ph(
                            _mm256_mul_ps(_mm256_cvtepi32_ps(band.sums[i][r]), scale), _MM_FROUND_TO_NEAREST_INT),
                        c + (first + r) * ldc + column);
            }
        }
    }
}
