#pragma once

// The body of the int8 GEMMs for both x86 paths: a path's file includes its tile first.

#include "qs8_gemm.h"

// Four vectors of 8 sums make 32 bytes: of four blocks (or three) of a row, of two blocks of two rows or of one block of
// four rows. Packing puts the lower halves of all four vectors before the upper ones.

/// What the sums of a quad need.
typedef struct {
    ck_shift shift[4];
    /// Whether any shift goes left.
    int any_left;
    /// Of the first two and of the last two vectors.
    ck_lanes lanes[2];
} quad;

CK_INLINE CK_AVX2 __m256i load_parameter(const int16_t *first, const int16_t *second) {
    return _mm256_permute4x64_epi64(_mm256_loadu2_m128i((const __m128i *)second, (const __m128i *)first), 0xD8);
}

CK_INLINE CK_AVX2 void load_lanes(
    const ck_qs8_channels *p, const ck_qs8_channels *q, ck_activation activation, int adds, ck_lanes *lanes) {
    lanes->gain = load_parameter(p->gain, q->gain);
    if (activation != CK_IDENTITY) lanes->zero = load_parameter(p->zero, q->zero);
    if (adds) lanes->residual_gain = load_parameter(p->residual_gain, q->residual_gain);
    if (activation == CK_SILU) {
        lanes->tau = load_parameter(p->tau, q->tau);
        lanes->dip = _mm256_sub_epi16(_mm256_setzero_si256(), load_parameter(p->dip, q->dip));
        ck_set_lift(lanes, load_parameter(p->lift, q->lift));
    }
}

/// Parameters of `blocks` blocks.
CK_INLINE CK_AVX2 void load_quad(
    size_t blocks, const ck_qs8_channels *p, ck_activation activation, int adds, quad *to) {
    to->any_left = 0;
    for (size_t i = 0; i < 4; i++) {
        const size_t block = blocks == 3 ? (i < 3 ? i : 2) : i % blocks;
        to->shift[i] = ck_load_shift(_mm256_loadu_si256((const __m256i *)p[block].shift));
        to->any_left |= to->shift[i].any_left;
    }
    load_lanes(p, p + (blocks > 1 ? 1 : 0), activation, adds, &to->lanes[0]);
    if (blocks > 2)
        load_lanes(p + 2, p + blocks - 1, activation, adds, &to->lanes[1]);
    else
        to->lanes[1] = to->lanes[0];
}

/// The bytes of a quad of which `rows` rows exist.
CK_INLINE CK_AVX2 __m256i load_bytes(size_t blocks, size_t rows, const int8_t *from, size_t stride) {
    if (blocks == 4) return _mm256_loadu_si256((const __m256i *)from);
    const int8_t *row[4];
    for (size_t i = 0; i < 4; i++) row[i] = from + (i < rows ? i : 0) * stride;
    __m128i low, high;
    if (blocks == 3) {
        low = _mm_loadu_si128((const __m128i *)from);
        high = _mm_loadl_epi64((const __m128i *)(from + 16));
    } else if (blocks == 2) {
        low = _mm_loadu_si128((const __m128i *)row[0]);
        high = _mm_loadu_si128((const __m128i *)row[1]);
    } else {
        low = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)row[0]), _mm_loadl_epi64((const __m128i *)row[1]));
        high = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)row[2]), _mm_loadl_epi64((const __m128i *)row[3]));
    }
    return _mm256_setr_m128i(low, high);
}

CK_INLINE CK_AVX2 void store_bytes(size_t blocks, size_t rows, __m256i bytes, int8_t *to, size_t stride) {
    const __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
    if (blocks == 4) {
        _mm256_storeu_si256((__m256i *)to, bytes);
    } else if (blocks == 3) {
        _mm_storeu_si128((__m128i *)to, low);
        _mm_storel_epi64((__m128i *)(to + 16), high);
    } else if (blocks == 2) {
        _mm_storeu_si128((__m128i *)to, low);
        if (rows > 1) _mm_storeu_si128((__m128i *)(to + stride), high);
    } else {
        _mm_storel_epi64((__m128i *)to, low);
        if (rows > 1) _mm_storeh_pd((double *)(void *)(to + stride), _mm_castsi128_pd(low));
        if (rows > 2) _mm_storel_epi64((__m128i *)(to + 2 * stride), high);
        if (rows > 3) _mm_storeh_pd((double *)(void *)(to + 3 * stride), _mm_castsi128_pd(high));
    }
}

/// Stores the sums of a quad of which `rows` rows exist.
CK_INLINE CK_AVX2 void store_quad(
    size_t blocks, size_t rows, const __m256i *sums, const quad *with, ck_activation activation,
    const ck_silu_tables *tables, const int8_t *residual, size_t ldr, int8_t *c, size_t ldc) {
    __m256i x[4], v[2];
    for (size_t i = 0; i < 4; i++) x[i] = sums[i < rows * blocks ? i : 0];
    if (__builtin_expect(with->any_left, 0))
        for (size_t i = 0; i < 4; i++) x[i] = ck_shift_left(x[i], &with->shift[i]);
    for (size_t i = 0; i < 4; i++) x[i] = _mm256_srav_epi32(x[i], with->shift[i].right);
    for (size_t i = 0; i < 2; i++) v[i] = _mm256_packs_epi32(x[2 * i], x[2 * i + 1]);
    const ck_lanes *const lanes[2] = {&with->lanes[0], &with->lanes[1]};
    ck_activate2(v, lanes, activation, tables);
    if (residual) {
        const __m256i apart = _mm256_permutevar8x32_epi32(
            load_bytes(blocks, rows, residual, ldr), _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
        const __m256i zero = _mm256_setzero_si256();
        // Halves of upper bytes are 128 times the values.
        const __m256i low = _mm256_srai_epi16(_mm256_unpacklo_epi8(zero, apart), 1);
        const __m256i high = _mm256_srai_epi16(_mm256_unpackhi_epi8(zero, apart), 1);
        v[0] = _mm256_adds_epi16(v[0], _mm256_mulhrs_epi16(low, with->lanes[0].residual_gain));
        v[1] = _mm256_adds_epi16(v[1], _mm256_mulhrs_epi16(high, with->lanes[1].residual_gain));
    }
    const __m256i bytes = _mm256_packs_epi16(ck_store_form(v[0]), ck_store_form(v[1]));
    store_bytes(blocks, rows, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)), c, ldc);
}

/// Stores the sums of `rows` rows and `blocks` blocks.
CK_INLINE CK_AVX2 void store_blocks(
    size_t blocks, size_t rows, const __m256i *sums, const ck_qs8_channels *p, ck_activation activation,
    const ck_silu_tables *tables, const int8_t *residual, size_t ldr, int8_t *c, size_t ldc) {
    quad with;
    load_quad(blocks, p, activation, residual != NULL, &with);
    const size_t step = blocks > 2 ? 1 : 4 / blocks;
    for (; rows >= step; rows -= step, sums += step * blocks, c += step * ldc) {
        store_quad(blocks, step, sums, &with, activation, tables, residual, ldr, c, ldc);
        if (residual) residual += step * ldr;
    }
    if (step > 1 && rows > 0) store_quad(blocks, rows, sums, &with, activation, tables, residual, ldr, c, ldc);
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

CK_INLINE CK_TARGET void gemm(GEMM_PARAMETERS, const ck_curve *curve, ck_band *band) {
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
    const size_t maximum = band_size(rows, k);
    for (size_t first = 0, some; first < rows; first += some) {
        some = rows - first < maximum ? rows - first : maximum;
        pack_rows(some, k, a + first * lda, lda, band);
        for (size_t block = 0, parts; block < blocks; block += parts) {
            parts = tile_blocks(blocks - block);
            const int32_t *bias[TILE_BLOCKS];
            for (size_t i = 0; i < parts; i++) bias[i] = channels[block + i].bias;
            band_sums(parts, some, k, weights + block * 8 * k, bias, band);
            const int8_t *from = residual ? residual + first * ldr + 8 * block : NULL;
            int8_t *to = c + first * ldc + 8 * block;
#define STORE(parts) store_blocks(parts, some, band->sums, &channels[block], activation, &tables, from, ldr, to, ldc)
            if (TILE_BLOCKS > 2 && parts == 4)
                STORE(4);
            else if (TILE_BLOCKS > 2 && parts == 3)
                STORE(3);
            else if (parts == 2)
                STORE(2);
            else
                STORE(1);
#undef STORE
        }
    }
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

CK_INLINE CK_TARGET void gemm_values(VALUES_PARAMETERS) {
    ck_band band;
    const size_t maximum = band_size(rows, k), blocks = (n + 7) / 8;
    for (size_t first = 0, some; first < rows; first += some) {
        some = rows - first < maximum ? rows - first : maximum;
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
                            _mm256_mul_ps(_mm256_cvtepi32_ps(band.sums[r * parts + i]), scale),
                            _MM_FROUND_TO_NEAREST_INT),
                        c + (first + r) * ldc + column);
            }
        }
    }
}
