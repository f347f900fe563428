#pragma once

// The body of multi-head attention for all vector paths: K is transposed and V gathered once per head; then 8 queries
// at a time meet all keys, and their weights all values.

#include "f16_tile.h"

enum { QUERIES = 8, COLUMNS = 8 * TILE_VECTORS };

CK_INLINE void ck_transpose8(ck_vector x[8]) {
    ck_vector y[8];
    for (int stage = 0; stage < 3; stage++) {
        for (int i = 0; i < 4; i++) {
            y[2 * i] = __builtin_shufflevector(x[i], x[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            y[2 * i + 1] = __builtin_shufflevector(x[i], x[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        for (int i = 0; i < 8; i++) x[i] = y[i];
    }
}

/// Channels from `c` on of tokens `n` to n + 7 into keys[size][padded]; those from `count` on are 0.
CK_INLINE void pack_keys(
    const int whole, const uint16_t *const tokens[8], size_t n, size_t count, size_t padded, size_t c, size_t lanes,
    ck_scalar *keys) {
    ck_vector k[8];
    for (size_t i = 0; i < 8; i++) k[i] = whole || n + i < count ? ck_load_some(tokens[i] + c, lanes) : (ck_vector){0};
    ck_transpose8(k);
    ck_scalar *to = keys + c * padded + n;
    for (size_t i = 0; i < lanes && i < 8; i++, to += padded) ck_store(to, k[i]);
}

/// keys[size][padded] and values[padded][width]; tokens from `count` on are 0.
static __attribute__((noinline)) CK_TARGET void pack(
    const ck_f16_attention *head, size_t count, size_t padded, size_t width, ck_scalar *keys, ck_scalar *values) {
    const size_t size = head->size;
    size_t row = 0, column = 0;
    for (size_t n = 0; n < padded; n += 8) {
        const uint16_t *tokens[8];
        const size_t here = n < count ? (count - n < 8 ? count - n : 8) : 0;
        for (size_t i = 0; i < here; i++) {
            const size_t offset = row * head->tokens.row_stride + column * head->tokens.column_stride;
            tokens[i] = head->k + offset;
            const uint16_t *v = head->v + offset;
            ck_scalar *to = values + (n + i) * width;
            size_t c = 0;
            for (; size - c >= 8; c += 8) ck_store(to + c, ck_load_half(v + c));
            if (c < size) ck_store(to + c, ck_load_part(v + c, 4));
            if (++column == head->tokens.width) {
                column = 0;
                row++;
            }
        }
        for (size_t i = here * width; i < 8 * width; i++) values[n * width + i] = 0;
        size_t c = 0;
        for (; size - c >= 8; c += 8) {
            if (here == 8)
                pack_keys(1, tokens, n, count, padded, c, 8, keys);
            else
                pack_keys(0, tokens, n, count, padded, c, 8, keys);
        }
        if (c < size) pack_keys(0, tokens, n, count, padded, c, 4, keys);
    }
}

/// The panel [width / 8][QUERIES][8] of the queries from `first` on, times `scale`. Where fewer are left, the first one
/// fills it.
CK_INLINE void pack_queries(
    const ck_f16_attention *head, size_t first, size_t count, ck_scalar scale, ck_scalar *queries) {
    const size_t size = head->size;
    for (size_t r = 0; r < QUERIES; r++) {
        const uint16_t *query = ck_token16(head->q, &head->tokens, first + r < count ? first + r : first);
        ck_scalar *to = queries + r * 8;
        size_t c = 0;
        for (; size - c >= 8; c += 8) ck_store(to + c * QUERIES, ck_load_half(query + c) * scale);
        if (c < size) ck_store(to + c * QUERIES, ck_load_part(query + c, 4) * scale);
    }
}

/// sums = the product of a panel of A and `depth` rows (a multiple of 4) of B, moving both pointers past them.
CK_INLINE void multiply_panel(
    const int vectors, size_t depth, const ck_scalar **panel, const ck_scalar **b, size_t ldb,
    ck_vector sums[QUERIES][TILE_VECTORS]) {
#ifdef CK_WHOLE_TILE
    if (vectors == TILE_VECTORS) {
        ck_multiply_panel(depth, panel, b, ldb * sizeof **b, sums);
        return;
    }
#endif
    for (size_t top = 0; top < QUERIES; top += TILE_ROWS) {
        const ck_scalar *a = *panel + 8 * top, *weights = *b;
        ck_vector tile[TILE_ROWS][TILE_VECTORS];
        for (int r = 0; r < TILE_ROWS; r++)
            for (int v = 0; v < vectors; v++) tile[r][v] = (ck_vector){0};
        for (size_t d = 0; d < depth; d += TILE_DEPTH) {
            ck_lanes x[TILE_ROWS];
            for (int r = 0; r < TILE_ROWS; r++) x[r] = ck_load_lanes(a + (d / 8 * QUERIES + (size_t)r) * 8 + d % 8, 1);
#pragma clang loop unroll(full)
            for (int lane = 0; lane < TILE_DEPTH; lane++) {
                if (TILE_DEPTH == 8 && lane == 4 && depth - d == 4) break;
                ck_vector w[TILE_VECTORS];
                ck_load_row(weights, vectors, 1, w);
                weights = ck_opaque(weights + ldb);
                for (int r = 0; r < TILE_ROWS; r++)
                    for (int v = 0; v < vectors; v++) tile[r][v] += w[v] * CK_LANE(x[r], lane);
            }
        }
        for (int r = 0; r < TILE_ROWS; r++)
            for (int v = 0; v < vectors; v++) sums[top + (size_t)r][v] = tile[r][v];
    }
    *panel += ck_round_up(depth, 8) * QUERIES;
    *b += depth * ldb;
}

/// The panel [padded / 8][QUERIES][8] of the scores of all keys.
static __attribute__((noinline)) CK_TARGET void score(
    size_t size, size_t padded, const ck_scalar *queries, const ck_scalar *keys, ck_scalar *scores) {
    for (size_t n = 0; n < padded; n += COLUMNS) {
        const ck_scalar *panel = queries, *b = ck_opaque(keys);
        ck_vector sums[QUERIES][TILE_VECTORS];
        multiply_panel(TILE_VECTORS, size, &panel, &b, padded, sums);
        for (int v = 0; v < TILE_VECTORS; v++)
            for (int r = 0; r < QUERIES; r++) ck_store(scores + (v * QUERIES + r) * 8, sums[r][v]);
        scores += QUERIES * COLUMNS;
        keys += COLUMNS;
    }
}

/// Turns the panel of scores into the panel of weights; `totals` are their sums.
static __attribute__((noinline)) CK_TARGET void weigh(
    ck_scalar *scores, size_t padded, int shift, float totals[QUERIES]) {
    enum { GROUP = QUERIES * 8 };
    const size_t groups = padded / 8;
    // Rows in two halves, so that what they need stays in registers.
    for (size_t top = 0; top < QUERIES; top += 4) {
        ck_scalar *begin = scores + 8 * top;
        ck_vector maximum[4];
        ck_weights weights[4];
        for (int r = 0; r < 4; r++) maximum[r] = ck_load(begin + 8 * r);
        for (size_t g = 1; g < groups; g++)
            for (int r = 0; r < 4; r++) maximum[r] = ck_maximum(maximum[r], ck_load(begin + g * GROUP + 8 * r));
        for (int r = 0; r < 4; r++) weights[r] = ck_weights_of(ck_largest(maximum[r]), shift);
        ck_wide total[4] = {0};
        for (size_t g = 0; g < groups;) {
            // Few enough for half precision.
            const size_t end = groups - g > 16 ? g + 16 : groups;
            ck_vector sum[4] = {0};
            for (; g < end; g++) {
                ck_scalar *at = begin + g * GROUP;
                for (int r = 0; r < 4; r++) {
                    const ck_vector weight = ck_weight(ck_load(at + 8 * r), &weights[r]);
                    ck_store(at + 8 * r, weight);
                    sum[r] += weight;
                }
            }
            for (int r = 0; r < 4; r++) total[r] += __builtin_convertvector(sum[r], ck_wide);
        }
        for (int r = 0; r < 4; r++) totals[top + r] = ck_total(total[r]);
    }
}

/// Outputs of `rows` queries from `first` on, 8 * vectors channels from `column` on.
CK_INLINE void multiply_values(
    const ck_f16_attention *head, const int vectors, size_t first, size_t rows, size_t padded, size_t width,
    const ck_scalar *panel, const ck_scalar *values, size_t column, const float totals[QUERIES]) {
    ck_vector sums[QUERIES][TILE_VECTORS];
    const ck_scalar *b = values + column;
    size_t left = padded, now = left < WEIGHTS_PART ? left : WEIGHTS_PART;
    multiply_panel(vectors, now, &panel, &b, width, sums);
    while ((left -= now) > 0) {
        now = left < WEIGHTS_PART ? left : WEIGHTS_PART;
        ck_vector before[QUERIES][TILE_VECTORS];
        for (int r = 0; r < QUERIES; r++)
            for (int v = 0; v < vectors; v++) before[r][v] = sums[r][v];
        multiply_panel(vectors, now, &panel, &b, width, sums);
        for (int r = 0; r < QUERIES; r++)
            for (int v = 0; v < vectors; v++) sums[r][v] += before[r][v];
    }
    for (size_t r = 0; r < rows; r++) {
        const size_t token = first + r, columns = head->tokens.width;
        const ck_scalar inverse = (ck_scalar)(1.0f / totals[r]);
        uint16_t *output = head->output + token / columns * head->output_row_stride +
            token % columns * head->output_column_stride + column;
        for (int v = 0; v < vectors; v++)
            ck_store_some(output + 8 * v, sums[r][v] * inverse, head->size - column - 8 * (size_t)v);
    }
}

static __attribute__((noinline)) CK_TARGET void multiply_wide(
    const ck_f16_attention *head, size_t first, size_t rows, size_t padded, size_t width, const ck_scalar *panel,
    const ck_scalar *values, size_t column, const float totals[QUERIES]) {
    multiply_values(head, TILE_VECTORS, first, rows, padded, width, panel, values, column, totals);
}

static __attribute__((noinline)) CK_TARGET void multiply_narrow(
    const ck_f16_attention *head, size_t first, size_t rows, size_t padded, size_t width, const ck_scalar *panel,
    const ck_scalar *values, size_t column, const float totals[QUERIES]) {
    multiply_values(head, 1, first, rows, padded, width, panel, values, column, totals);
}

CK_TARGET void F16(attention)(const ck_f16_attention *head) {
    const size_t count = head->tokens.height * head->tokens.width, size = head->size;
    const size_t padded = ck_round_up(count, 16), width = ck_round_up(size, 8);
    ck_scalar *keys = head->scratch, *values = keys + size * padded, *scores = values + padded * width;
    ck_scalar *queries = scores + QUERIES * padded;
    pack(head, count, padded, width, keys, values);
    // Weights sum up to at most 512, so that half precision contains their products with values up to 128.
    int shift = 0;
    while (padded >> shift > 512) shift++;

    for (size_t first = 0; first < count; first += QUERIES) {
        const size_t rows = count - first < QUERIES ? count - first : QUERIES;
        pack_queries(head, first, count, (ck_scalar)(head->scale * 1.44269504f), queries);
        score(size, padded, queries, keys, scores);
        for (size_t n = count; n < padded; n++)
            for (size_t r = 0; r < QUERIES; r++) scores[(n / 8 * QUERIES + r) * 8 + n % 8] = (ck_scalar)-65504.0f;
        float totals[QUERIES];
        weigh(scores, padded, shift, totals);
        size_t column = 0;
        for (; column + COLUMNS <= width; column += COLUMNS)
            multiply_wide(head, first, rows, padded, width, scores, values, column, totals);
        if (column < width) multiply_narrow(head, first, rows, padded, width, scores, values, column, totals);
    }
}
