#pragma once

// The body of int8 attention for both NEON paths: a path's file includes its tile first. K and V are packed as the
// GEMM reads its weights; then TILE_ROWS queries at a time meet all keys, and their weights all values.

CK_INLINE int8x16_t clamp63(int8x16_t values) { return vminq_s8(vmaxq_s8(values, vdupq_n_s8(-63)), vdupq_n_s8(63)); }

/// K as the packed matrix [size, tokens].
CK_INLINE void pack_keys(const ck_qs8_attention *head, size_t count, int8_t *packed) {
    const size_t whole = ck_round_up(count, 8);
    for (size_t n = 0; n < count; n++)
        ck_copy_words(packed + n / 8 * 8 * head->size + n % 8 * 4, ck_token(head->k, &head->tokens, n), head->size, 32);
    for (size_t n = count; n < whole; n++)
        for (size_t group = 0; group < head->size; group += 4)
            __builtin_memset(packed + n / 8 * 8 * head->size + n % 8 * 4 + group * 8, 0, 4);
    // 8 tokens of 4 channels at least: 32 bytes at a time.
    for (size_t i = 0; i < whole * head->size; i += 16) vst1q_s8(packed + i, clamp63(vld1q_s8(packed + i)));
}

/// 4 tokens of 4 values each, turned around.
CK_INLINE int8x16_t transpose4(const int8_t *const tokens[4], size_t channel) {
    uint32x4_t words = {0};
    uint32_t word;
    __builtin_memcpy(&word, tokens[0] + channel, 4);
    words = vsetq_lane_u32(word, words, 0);
    __builtin_memcpy(&word, tokens[1] + channel, 4);
    words = vsetq_lane_u32(word, words, 1);
    __builtin_memcpy(&word, tokens[2] + channel, 4);
    words = vsetq_lane_u32(word, words, 2);
    __builtin_memcpy(&word, tokens[3] + channel, 4);
    words = vsetq_lane_u32(word, words, 3);
    static const uint8_t order[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
    return clamp63(vqtbl1q_s8(vreinterpretq_s8_u32(words), vld1q_u8(order)));
}

/// V as the packed matrix [padded tokens, size]; `zeros` are as many as a head has channels.
CK_INLINE void pack_values(
    const ck_qs8_attention *head, size_t count, size_t padded, const int8_t *zeros, int8_t *packed) {
    for (size_t n = 0; n < padded; n += 4) {
        const int8_t *tokens[4];
        for (size_t i = 0; i < 4; i++) tokens[i] = n + i < count ? ck_token(head->v, &head->tokens, n + i) : zeros;
        for (size_t c = 0; c < head->size; c += 4)
            vst1q_s8(packed + c / 8 * 8 * padded + n * 8 + c % 8 * 4, transpose4(tokens, c));
    }
}

/// The queries from `first` on as one tile of A. Where fewer than a tile are left, the first one fills it.
CK_INLINE void load_queries(const ck_qs8_attention *head, size_t first, size_t rows, int8_t *queries) {
#pragma clang loop unroll(disable)
    for (size_t r = 0; r < TILE_ROWS; r++) {
        const int8_t *q = ck_token(head->q, &head->tokens, first + (r < rows ? r : 0));
        if (PACKED_ROWS)
            pack_row(r, head->size, q, queries);
        else
            ck_copy_words(queries + r * head->size, q, head->size, 4);
    }
}

/// Scores of a tile of queries, as blocks of [TILE_ROWS][8 keys], and the largest of each query.
CK_INLINE CK_TARGET void score_queries(
    const int8_t *queries, size_t size, const int8_t *keys, size_t count, size_t padded, int32_t multiplier,
    int16_t *scores, int16_t *largest) {
    static const int32_t nothing[16];
    const int32x4_t factor = vdupq_n_s32(multiplier);
    int16x8_t maximum[TILE_ROWS];
    for (size_t r = 0; r < TILE_ROWS; r++) maximum[r] = vdupq_n_s16(-32768);
    const size_t whole = count / 8 * 8;
    for (size_t n = 0; n < count; n += 8) {
        int32x4_t sums[TILE_ROWS][2];
        if (PACKED_ROWS)
            packed_tile(size, queries, keys + n * size, nothing, sums);
        else
            tile(TILE_ROWS, size, queries, size, keys + n * size, NULL, sums);
        for (size_t r = 0; r < TILE_ROWS; r++) {
            const int16x8_t score = vuzp1q_s16(
                vreinterpretq_s16_s32(vqrdmulhq_s32(sums[r][0], factor)),
                vreinterpretq_s16_s32(vqrdmulhq_s32(sums[r][1], factor)));
            vst1q_s16(scores + TILE_ROWS * n + 8 * r, score);
            if (n < whole) maximum[r] = vmaxq_s16(maximum[r], score);
        }
    }
    for (size_t n = count; n < padded; n++)
        for (size_t r = 0; r < TILE_ROWS; r++) scores[n / 8 * 8 * TILE_ROWS + 8 * r + n % 8] = -32768;
    for (size_t r = 0; r < TILE_ROWS; r++) {
        if (count > whole) maximum[r] = vmaxq_s16(maximum[r], vld1q_s16(scores + TILE_ROWS * whole + 8 * r));
        largest[r] = vmaxvq_s16(maximum[r]);
    }
}

#if defined(__arm__)

// Weights are stored as the packed rows that they are next: WEIGHTS_STEP from 16 tokens of a query to the next ones,
// WEIGHTS_SPACE for all queries of a token.
enum { WEIGHTS_PACKED = 1, WEIGHTS_STEP = 32 * TILE_ROWS, WEIGHTS_SPACE = 2 * TILE_ROWS };

// clang-format off
CK_INLINE void store_weights(int8x16_t values, int8_t *weights) { pack16(values, weights); }

/// Look-ups of 16 indices in the 32 bytes at `table`, which moves on: an index beyond gives 0 (`first`), or leaves what
/// is there. In assembly: the compiler would keep tables in registers, of which there are too few, and spill them.
#define LOOK_UP(first, found, table, index)                                                                         \
    do {                                                                                                               \
        if (first)                                                                                                     \
            __asm__("vld1.8 {d0, d1, d2, d3}, [%1]!\n"                                                                 \
                    "vtbl.8 %e0, {d0, d1, d2, d3}, %e2\n"                                                              \
                    "vtbl.8 %f0, {d0, d1, d2, d3}, %f2"                                                                \
                    : "=&w"(found), "+r"(table)                                                                        \
                    : "w"(index), "m"(*(const uint8_t(*)[32])(table))                                                  \
                    : "q0", "q1");                                                                                     \
        else                                                                                                           \
            __asm__("vld1.8 {d0, d1, d2, d3}, [%1]!\n"                                                                 \
                    "vtbx.8 %e0, {d0, d1, d2, d3}, %e2\n"                                                              \
                    "vtbx.8 %f0, {d0, d1, d2, d3}, %f2"                                                                \
                    : "+w"(found), "+r"(table)                                                                         \
                    : "w"(index), "m"(*(const uint8_t(*)[32])(table))                                                  \
                    : "q0", "q1");                                                                                     \
    } while (0)

typedef struct {
    const uint8_t *entries;
} exp2_tables;
// clang-format on

CK_INLINE exp2_tables load_exp2_tables(void) { return (exp2_tables){ck_exp2_table}; }

CK_INLINE uint8x16_t look_up_weights(const exp2_tables *tables, uint8x16_t distance) {
    const uint8_t *at = tables->entries;
    uint8x16_t weight;
    LOOK_UP(1, weight, at, distance);
#pragma clang loop unroll(full)
    for (size_t quarter = 1; quarter < 4; quarter++) {
        distance = vsubq_u8(distance, vdupq_n_u8(32));
        LOOK_UP(0, weight, at, distance);
    }
    return weight;
}

#else

enum { WEIGHTS_PACKED = 0, WEIGHTS_STEP = 16, WEIGHTS_SPACE = TILE_ROWS };

CK_INLINE void store_weights(int8x16_t values, int8_t *weights) { vst1q_s8(weights, values); }

typedef struct {
    uint8x16x4_t near, far;
} exp2_tables;

CK_INLINE exp2_tables load_exp2_tables(void) {
    return (exp2_tables){vld1q_u8_x4(ck_exp2_table), vld1q_u8_x4(ck_exp2_table + 64)};
}

CK_INLINE uint8x16_t look_up_weights(const exp2_tables *tables, uint8x16_t distance) {
    // A look-up beyond 64 entries gives 0, or leaves what another look-up gave.
    return vqtbx4q_u8(vqtbl4q_u8(tables->near, distance), tables->far, vsubq_u8(distance, vdupq_n_u8(64)));
}

#endif

/// Weights less 128 of one query's scores, of which `largest` is the largest; `count` is a multiple of 16. Returns their
/// sum.
CK_INLINE uint32_t weigh(const int16_t *scores, size_t count, int16_t largest, int8_t *weights) {
    enum { NEXT = 8 * TILE_ROWS };
    const int16_t *end = scores + count * TILE_ROWS;
    const int16x8_t maximum = vdupq_n_s16(largest);
    const exp2_tables tables = load_exp2_tables();
    uint32_t total = 0;
    while (scores < end) {
        // 16-bit sums of pairs hold 128 steps.
        const int16_t *stop = end - scores > 128 * 2 * NEXT ? scores + 128 * 2 * NEXT : end;
        uint16x8_t sums = vdupq_n_u16(0);
        for (; scores < stop; scores += 2 * NEXT, weights += WEIGHTS_STEP) {
            const uint8x16_t distance = vqmovun_high_s16(
                vqmovun_s16(vqsubq_s16(maximum, vld1q_s16(scores))), vqsubq_s16(maximum, vld1q_s16(scores + NEXT)));
            const uint8x16_t weight = look_up_weights(&tables, distance);
            sums = vpadalq_u8(sums, weight);
            store_weights(vreinterpretq_s8_u8(veorq_u8(weight, vdupq_n_u8(128))), weights);
        }
        total += vaddlvq_u16(sums);
    }
    return total;
}

/// A block of 8 output channels of one query.
CK_INLINE int8x8_t finish_values(const int32x4_t sums[2], float inverse, const float *gain, const float *zero) {
    const float32x4_t low = vmulq_n_f32(vcvtq_f32_s32(sums[0]), inverse);
    const float32x4_t high = vmulq_n_f32(vcvtq_f32_s32(sums[1]), inverse);
    return vqmovn_s16(ck_round8(
        vaddq_f32(vmulq_f32(low, vld1q_f32(gain)), vld1q_f32(zero)),
        vaddq_f32(vmulq_f32(high, vld1q_f32(gain + 4)), vld1q_f32(zero + 4))));
}

/// 128 times the sum over all tokens of each packed value column: what sums lose because weights are stored less 128.
CK_INLINE CK_TARGET void sum_values(size_t padded, size_t blocks, const int8_t *values, int8_t *row, int32_t *lost) {
    __builtin_memset(row, -128, padded);
    for (size_t block = 0; block < blocks; block++) {
        int32x4_t sums[TILE_ROWS][2];
        tile(1, padded, row, padded, values + block * 8 * padded, NULL, sums);
        vst1q_s32(lost + 8 * block, vnegq_s32(sums[0][0]));
        vst1q_s32(lost + 8 * block + 4, vnegq_s32(sums[0][1]));
    }
}

CK_INLINE CK_TARGET void attention(const ck_qs8_attention *head) {
    const ck_tokens *tokens = &head->tokens;
    const size_t count = tokens->height * tokens->width, padded = ck_round_up(count, 16), size = head->size;
    const size_t blocks = (size + 7) / 8;
    int16_t *scores = head->scratch;
    int32_t *lost = (int32_t *)(scores + TILE_ROWS * padded);
    int8_t *weights = (int8_t *)(lost + 8 * blocks);
    int8_t *keys = weights + WEIGHTS_SPACE * padded, *values = keys + padded * size;
    int8_t *queries = values + padded * blocks * 8;

    __builtin_memset(queries, 0, size);
    if (size % 8) __builtin_memset(values + (blocks - 1) * 8 * padded, 0, 8 * padded);
    pack_values(head, count, padded, queries, values);
    sum_values(padded, blocks, values, weights, lost);
    pack_keys(head, count, keys);

    for (size_t first = 0; first < count; first += TILE_ROWS) {
        const size_t rows = count - first < TILE_ROWS ? count - first : TILE_ROWS;
        load_queries(head, first, rows, queries);
        int16_t largest[TILE_ROWS];
        score_queries(queries, size, keys, count, padded, head->multiplier, scores, largest);
        float inverses[TILE_ROWS];
#pragma clang loop unroll(disable)
        for (size_t r = 0; r < TILE_ROWS; r++)
            inverses[r] = 1.0f /
                (float)weigh(scores + 8 * r, padded, largest[r], weights + r * (WEIGHTS_PACKED ? 32 : padded));
        for (size_t block = 0; block < blocks; block++) {
            const size_t columns = size - 8 * block < 8 ? size - 8 * block : 8;
            float gain[8], zero[8];
            __builtin_memcpy(gain, head->gain + 8 * block, columns * sizeof *gain);
            __builtin_memcpy(zero, head->zero + 8 * block, columns * sizeof *zero);
            int32x4_t sums[TILE_ROWS][2];
            if (WEIGHTS_PACKED) {
                int32_t start[16];
                fill_start(lost + 8 * block, start);
                packed_tile(padded, weights, values + block * 8 * padded, start, sums);
            } else {
                tile(TILE_ROWS, padded, weights, padded, values + block * 8 * padded, lost + 8 * block, sums);
            }
            for (size_t r = 0; r < rows; r++) {
                const int8x8_t stored = finish_values(sums[r], inverses[r], gain, zero);
                int8_t *output = head->output + (first + r) / tokens->width * head->output_row_stride +
                    (first + r) % tokens->width * head->output_column_stride + 8 * block;
                if (columns == 8)
                    vst1_s8(output, stored);
                else
                    __builtin_memcpy(output, &stored, 4);
            }
        }
    }
}
