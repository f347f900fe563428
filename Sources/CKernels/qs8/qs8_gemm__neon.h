#pragma once

// The body of the int8 GEMMs for both NEON paths: a path's file includes its tile first.

#include "qs8_gemm.h"

/// Stores the sums of `rows` x 8.
CK_INLINE CK_TARGET void store_tile(
    size_t rows, int32x4_t sums[][2], const ck_qs8_channels *p, ck_activation activation, const ck_silu_tables *tables,
    const int8_t *residual, size_t ldr, int8_t *c, size_t ldc) {
    const int32x4_t shift[2] = {vld1q_s32(p->shift), vld1q_s32(p->shift + 4)};
    int16x8_t v[TILE_ROWS + 1];
    for (size_t r = 0; r < rows; r++) v[r] = ck_narrow(sums[r], shift);
    // A single last row has an idle companion.
    v[rows] = v[0];
    const ck_loaded_channels channels = ck_load_channels(p);
    for (size_t r = 0; r < rows; r += 2) ck_activate2(v + r, &channels, &channels, activation, tables);
    for (size_t r = 0; r < rows; r++) {
        if (residual) v[r] = ck_add_residual(v[r], ck_load8(&residual, ldr), &channels);
        ck_store8(&c, ck_store_form(v[r]), ldc);
    }
}

/// All columns of `rows` rows; `starts` holds what each block's packed tile starts with.
CK_INLINE CK_TARGET void gemm_band(
    size_t rows, size_t blocks, const int32_t *starts, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,
    size_t ldc, const ck_curve *curve) {
    ck_silu_tables tables;
    if (activation == CK_SILU) tables = ck_load_silu_tables(curve);
    int8_t packed[PACKED_BYTES];
    int32x4_t sums[TILE_ROWS][2];
    if (rows == PACKED_ROWS && k <= PACKED_K) {
        pack_rows(k, a, lda, packed);
        for (; blocks > 0; blocks--, weights += 8 * k, channels++, starts += 16, c += 8) {
            packed_tile(k, packed, weights, starts, sums);
            store_tile(rows, sums, channels, activation, &tables, residual, ldr, c, ldc);
            if (residual) residual += 8;
        }
        return;
    }
    for (size_t block = 0; block < blocks; block++) {
        tile(rows, k, a, lda, weights + block * 8 * k, channels[block].bias, sums);
        store_tile(
            rows, sums, channels + block, activation, &tables, residual ? residual + 8 * block : NULL, ldr,
            c + 8 * block, ldc);
    }
}

CK_INLINE CK_TARGET void gemm(GEMM_PARAMETERS, const ck_curve *curve, ck_band *band) {
    (void)band;
    enum { MAX_BLOCKS = 64 };
    int32_t starts[PACKED_ROWS ? 16 * MAX_BLOCKS : 1];
    while (blocks > 0) {
        const size_t some = blocks < MAX_BLOCKS ? blocks : MAX_BLOCKS;
        if (PACKED_ROWS)
            for (size_t block = 0; block < some; block++) fill_start(channels[block].bias, starts + 16 * block);
        size_t row = 0;
#define BANDS(count)                                                                                                   \
    for (; row + (count) <= rows; row += (count))                                                                      \
    gemm_band(                                                                                                         \
        count, some, starts, k, a + row * lda, lda, weights, channels, activation,                                     \
        residual ? residual + row * ldr : NULL, ldr, c + row * ldc, ldc, curve)
        if (TILE_ROWS == 8) BANDS(8);
        BANDS(4);
        BANDS(2);
        BANDS(1);
#undef BANDS
        blocks -= some;
        weights += some * 8 * k;
        channels += some;
        residual = residual ? residual + 8 * some : NULL;
        c += 8 * some;
    }
}

/// Stores the sums of `rows` x `columns` (1...8) as half precision.
CK_INLINE CK_TARGET void store_values(
    size_t rows, size_t columns, int32x4_t sums[][2], const ck_qs8_values *p, uint16_t *c, size_t ldc) {
    const float32x4_t low = vld1q_f32(p->scale), high = vld1q_f32(p->scale + 4);
    for (size_t r = 0; r < rows; r++) {
        const float16x4_t first = vcvt_f16_f32(vmulq_f32(vcvtq_f32_s32(sums[r][0]), low));
        const uint16x8_t values = vreinterpretq_u16_f16(
            vcvt_high_f16_f32(first, vmulq_f32(vcvtq_f32_s32(sums[r][1]), high)));
        if (columns == 8) {
            vst1q_u16(c + r * ldc, values);
        } else {
            uint16_t some[8];
            vst1q_u16(some, values);
            for (size_t i = 0; i < columns; i++) c[r * ldc + i] = some[i];
        }
    }
}

CK_INLINE CK_TARGET void value_band(
    size_t rows, size_t n, const int32_t *starts, size_t k, const int8_t *a, size_t lda, const int8_t *weights,
    const ck_qs8_values *channels, uint16_t *c, size_t ldc) {
    int8_t packed[PACKED_BYTES];
    int32x4_t sums[TILE_ROWS][2];
    const int packs = rows == PACKED_ROWS && k <= PACKED_K;
    if (packs) pack_rows(k, a, lda, packed);
    for (size_t column = 0; column < n; column += 8, channels++) {
        if (packs)
            packed_tile(k, packed, weights + column * k, starts + 2 * column, sums);
        else
            tile(rows, k, a, lda, weights + column * k, channels->bias, sums);
        if (n - column >= 8)
            store_values(rows, 8, sums, channels, c + column, ldc);
        else
            store_values(rows, n - column, sums, channels, c + column, ldc);
    }
}

CK_INLINE CK_TARGET void gemm_values(VALUES_PARAMETERS) {
    enum { MAX_COLUMNS = 512 };
    int32_t starts[PACKED_ROWS ? 2 * MAX_COLUMNS : 1];
    for (size_t first = 0; first < n; first += MAX_COLUMNS) {
        const size_t some = n - first < MAX_COLUMNS ? n - first : MAX_COLUMNS;
        const ck_qs8_values *p = channels + first / 8;
        if (PACKED_ROWS)
            for (size_t column = 0; column < some; column += 8) fill_start(p[column / 8].bias, starts + 2 * column);
        size_t row = 0;
#define BANDS(count)                                                                                                   \
    for (; row + (count) <= rows; row += (count))                                                                      \
    value_band(count, some, starts, k, a + row * lda, lda, weights + first * k, p, c + row * ldc + first, ldc)
        if (TILE_ROWS == 8) BANDS(8);
        BANDS(4);
        BANDS(2);
        BANDS(1);
#undef BANDS
    }
}
