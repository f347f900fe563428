#pragma once

// The body of the GEMM for all vector paths.

#include "f16_tile.h"

/// What a block of columns needs; the pointers are those of its first column.
typedef struct {
    size_t n, k;
    const uint16_t *a;
    size_t lda;
    const uint16_t *b;
    const float *bias;
    ck_activation activation;
    const uint16_t *residual;
    size_t ldr;
    uint16_t *c;
    size_t ldc;
    /// Columns of the last vector, and rows of B from which a whole vector can be read: it runs on into the next row,
    /// which the last row lacks.
    size_t columns, whole;
} product;

/// The products of `rows` rows of A with the block's columns.
CK_INLINE void product_sums(
    const product *p, const int rows, const int vectors, const int guarded, const int in_parts, const ck_vector bias[],
    const uint16_t *a, ck_vector sums[][TILE_VECTORS]) {
    ck_multiply_in_parts(rows, vectors, in_parts, bias, p->whole, a, p->lda, p->b, p->n, sums);
    for (size_t depth = p->whole; guarded && depth < p->k; depth++) {
        uint16_t last[8] = {0};
        for (size_t c = 0; c < p->columns; c++) last[c] = p->b[depth * p->n + c];
        const ck_vector weights = ck_load_half(last);
        for (int r = 0; r < rows; r++) sums[r][0] += weights * ck_load_one(a + (size_t)r * p->lda + depth, 0);
    }
}

/// One tile; `a`, `residual` and `c` point at its first element.
CK_INLINE void product_tile(
    const product *p, const int rows, const int vectors, const int guarded, const int in_parts, const ck_vector bias[],
    const uint16_t *a, const uint16_t *residual, uint16_t *c) {
    ck_vector sums[TILE_ROWS][TILE_VECTORS];
    product_sums(p, rows, vectors, guarded, in_parts, bias, a, sums);
    ck_activate_tile(rows, vectors, p->activation, sums);
    const size_t count = guarded ? p->columns : 8;
    if (residual) {
        for (int r = 0; r < rows; r++) {
            for (int v = 0; v < vectors; v++) sums[r][v] += ck_load_some(residual + 8 * v, count);
            residual = ck_opaque(residual + p->ldr);
        }
    }
    for (int r = 0; r < rows; r++) {
        for (int v = 0; v < vectors; v++) ck_store_some(c + 8 * v, sums[r][v], count);
        c = (uint16_t *)ck_opaque(c + p->ldc);
    }
}

/// Rows `first` to before `last` of a block of columns.
CK_INLINE void product_block(
    const product *p, const int vectors, const int guarded, const int in_parts, size_t first, size_t last) {
    const uint16_t *a = p->a + first * p->lda, *residual = p->residual ? p->residual + first * p->ldr : NULL;
    uint16_t *c = p->c + first * p->ldc;
    size_t left = last - first;
    ck_vector bias[TILE_VECTORS];
    for (int v = 0; v < vectors; v++)
        bias[v] = ck_load_floats(p->bias ? p->bias + 8 * v : NULL, guarded ? p->columns : 8);
#define CK_TILES(rows)                                                                                                 \
    do {                                                                                                               \
        product_tile(p, rows, vectors, guarded, in_parts, bias, a, residual, c);                                       \
        a = ck_opaque(a + (rows)*p->lda);                                                                              \
        c = (uint16_t *)ck_opaque(c + (rows)*p->ldc);                                                                  \
        if (residual) residual = ck_opaque(residual + (rows)*p->ldr);                                                  \
        left -= rows;                                                                                                  \
    } while (0)
    while (left >= TILE_ROWS) CK_TILES(TILE_ROWS);
    if (TILE_ROWS > 4 && left >= 4) CK_TILES(4);
    if (left >= 2) CK_TILES(2);
    if (left >= 1) CK_TILES(1);
#undef CK_TILES
}

// Functions of their own, so that each gets all registers.
static __attribute__((noinline)) CK_TARGET void wide_block(const product *p, size_t first, size_t last) {
    product_block(p, TILE_VECTORS, 0, 0, first, last);
}

static __attribute__((noinline)) CK_TARGET void long_block(const product *p, size_t first, size_t last) {
    product_block(p, TILE_VECTORS, 0, 1, first, last);
}

static __attribute__((noinline)) CK_TARGET void narrow_block(const product *p, size_t first, size_t last) {
    if (ck_is_long(p->k))
        product_block(p, 1, 0, 1, first, last);
    else
        product_block(p, 1, 0, 0, first, last);
}

static __attribute__((noinline)) CK_TARGET void guarded_block(const product *p, size_t first, size_t last) {
    if (ck_is_long(p->whole))
        product_block(p, 1, 1, 1, first, last);
    else
        product_block(p, 1, 1, 0, first, last);
}

CK_TARGET void F16(gemm)(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc) {
    // A block of rows stays in the first-level cache while the columns of B pass.
    enum { BLOCK = 64 };
    for (size_t first = 0; first < rows; first += BLOCK) {
        const size_t last = rows - first < BLOCK ? rows : first + BLOCK;
        product p = {n, k, a, lda, b, bias, activation, residual, ldr, c, ldc, 8, k};
        for (size_t j = 0; j < n;) {
            const size_t left = n - j;
            p.b = b + j;
            p.bias = bias ? bias + j : NULL;
            p.residual = residual ? residual + j : NULL;
            p.c = c + j;
            if (left >= 8 * TILE_VECTORS) {
                if (ck_is_long(k))
                    long_block(&p, first, last);
                else
                    wide_block(&p, first, last);
                j += 8 * TILE_VECTORS;
            } else if (left >= 8) {
                narrow_block(&p, first, last);
                j += 8;
            } else {
                p.columns = left;
                p.whole = k * n >= j + 8 ? (k * n - j - 8) / n + 1 : 0;
                guarded_block(&p, first, last);
                j = n;
            }
        }
    }
}
