#pragma once

// What the vector paths share: guarded loads and stores, and the product of a few rows. A path's vectors come first.

/// Fewer than 8 halves; the other lanes are 0.
CK_INLINE ck_vector ck_load_part(const uint16_t *from, size_t count) {
    uint16_t halves[8] = {0};
    for (size_t i = 0; i < count; i++) halves[i] = from[i];
    return ck_load_half(halves);
}

CK_INLINE void ck_store_part(uint16_t *to, ck_vector v, size_t count) {
    uint16_t halves[8];
    ck_store_half(halves, v);
    for (size_t i = 0; i < count; i++) to[i] = halves[i];
}

/// Up to 8 halves; the other lanes are 0.
CK_INLINE ck_vector ck_load_some(const uint16_t *from, size_t count) {
    return count >= 8 ? ck_load_half(from) : ck_load_part(from, count);
}

CK_INLINE void ck_store_some(uint16_t *to, ck_vector v, size_t count) {
    if (count >= 8)
        ck_store_half(to, v);
    else
        ck_store_part(to, v, count);
}

/// Up to 8 floats as a vector; 0 for the other lanes, and for all where `from` is NULL.
CK_INLINE ck_vector ck_load_floats(const float *from, size_t count) {
    ck_wide v = {0};
    if (from && count >= 8)
        __builtin_memcpy(&v, from, sizeof v);
    else if (from)
        for (size_t i = 0; i < count; i++) v[i] = from[i];
    return __builtin_convertvector(v, ck_vector);
}

CK_INLINE float ck_total(ck_wide v) {
#pragma clang fp reassociate(on)
    float total = 0.0f;
    for (int i = 0; i < 8; i++) total += v[i];
    return total;
}

// clang-format off
/// `pointer`, of which the compiler knows no more than that: it stays in a register of its own instead of being
/// computed again from another one at each use.
CK_INLINE const void *ck_opaque(const void *pointer) {
    __asm__("" : "+r"(pointer));
    return pointer;
}
// clang-format on

/// Where the rows of A and the next row of B are, in bytes.
typedef struct {
    const char *row[TILE_ROWS];
    const char *weights;
} ck_rows;

CK_INLINE void ck_start(const int rows, const uint16_t *a, size_t lda, const uint16_t *b, ck_rows *at) {
    at->row[0] = (const char *)a;
    for (int r = 1; r < rows; r++) at->row[r] = ck_opaque(at->row[r - 1] + lda * sizeof *a);
    at->weights = (const char *)b;
}

/// sums = bias + the product of `rows` rows of A and the next `depth` rows of B. Inlined with constants, so that the
/// sums stay in registers.
CK_INLINE void ck_multiply(
    const int rows, const int vectors, const ck_vector *bias, size_t depth, size_t ldb, ck_rows *at,
    ck_vector sums[][TILE_VECTORS]) {
    const size_t step = ldb * sizeof(uint16_t);
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) sums[r][v] = bias[v];
    for (; depth >= TILE_DEPTH; depth -= TILE_DEPTH) {
        ck_lanes x[TILE_ROWS];
        for (int r = 0; r < rows; r++) {
            x[r] = ck_load_lanes(at->row[r], 0);
            at->row[r] = ck_opaque(at->row[r] + TILE_DEPTH * sizeof(uint16_t));
        }
#pragma clang loop unroll(full)
        for (int lane = 0; lane < TILE_DEPTH; lane++) {
            ck_vector w[TILE_VECTORS];
            ck_load_row(at->weights, vectors, 0, w);
            at->weights = ck_opaque(at->weights + step);
            for (int r = 0; r < rows; r++)
                for (int v = 0; v < vectors; v++) sums[r][v] += w[v] * CK_LANE(x[r], lane);
        }
    }
    for (; TILE_DEPTH > 1 && depth > 0; depth--) {
        ck_vector w[TILE_VECTORS];
        ck_load_row(at->weights, vectors, 0, w);
        at->weights += step;
        for (int r = 0; r < rows; r++) {
            const ck_scalar x = ck_load_one(at->row[r], 0);
            at->row[r] += sizeof(uint16_t);
            for (int v = 0; v < vectors; v++) sums[r][v] += w[v] * x;
        }
    }
}

/// Whether a sum of `depth` products is long: no part of it is left with fewer than 8.
CK_INLINE int ck_is_long(size_t depth) { return depth >= GEMM_PART + 8; }

/// The same for any `depth`: of a long sum (`in_parts`), GEMM_PART products at a time are summed on their own before
/// they are added.
CK_INLINE void ck_multiply_in_parts(
    const int rows, const int vectors, const int in_parts, const ck_vector bias[], size_t depth, const uint16_t *a,
    size_t lda, const uint16_t *b, size_t ldb, ck_vector sums[][TILE_VECTORS]) {
    ck_rows at;
    ck_start(rows, a, lda, b, &at);
#ifdef CK_WHOLE_TILE
    if (rows == TILE_ROWS && vectors == TILE_VECTORS) {
        ck_multiply_whole(in_parts, GEMM_PART, bias, depth, at.row, at.weights, ldb * sizeof *b, sums);
        return;
    }
#endif
    const ck_vector none[TILE_VECTORS] = {0};
    size_t now = in_parts ? GEMM_PART : depth;
    ck_multiply(rows, vectors, bias, now, ldb, &at, sums);
    while (in_parts && (depth -= now) > 0) {
        now = ck_is_long(depth) ? GEMM_PART : depth;
        ck_vector before[TILE_ROWS][TILE_VECTORS];
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) before[r][v] = sums[r][v];
        ck_multiply(rows, vectors, none, now, ldb, &at, sums);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) sums[r][v] += before[r][v];
    }
}

/// max(x, 0) - |x| Q(|x|), see ck_gelu; from 8 on Q is nothing.
CK_INLINE ck_vector ck_gelu8(ck_vector x) {
    const ck_vector zero = {0}, one = zero + (ck_scalar)1.0f;
    const ck_vector u = ck_minimum(ck_maximum(x, -x), zero + (ck_scalar)8.0f);
    const ck_vector t = ck_quotient(one, one + u * (ck_scalar)0.2316419f);
    ck_vector p = t * (ck_scalar)0.53070271f - (ck_scalar)0.72657601f;
    p = p * t + (ck_scalar)0.71070687f;
    p = p * t - (ck_scalar)0.14224837f;
    p = p * t + (ck_scalar)0.12741480f;
    return ck_maximum(x, zero) - u * (p * t * ck_decay(u * u * (ck_scalar)0.72134752f));
}

/// A function of its own: beside the sums of a tile, its constants would take registers from every other activation.
static inline __attribute__((noinline)) CK_TARGET void ck_gelu_all(size_t count, ck_vector v[]) {
    for (size_t i = 0; i < count; i++) v[i] = ck_gelu8(v[i]);
}

/// Applies the activation to a tile.
CK_INLINE void ck_activate_tile(
    const int rows, const int vectors, ck_activation activation, ck_vector sums[][TILE_VECTORS]) {
    if (activation == CK_RELU) {
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) sums[r][v] = ck_maximum(sums[r][v], (ck_vector){0});
    } else if (activation == CK_SILU) {
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) sums[r][v] = ck_silu8(sums[r][v]);
    } else if (activation == CK_GELU) {
        ck_vector tile[TILE_ROWS * TILE_VECTORS];
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) tile[r * vectors + v] = sums[r][v];
        ck_gelu_all((size_t)(rows * vectors), tile);
        for (int r = 0; r < rows; r++)
            for (int v = 0; v < vectors; v++) sums[r][v] = tile[r * vectors + v];
    }
}
