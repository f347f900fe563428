#pragma once

// int8 microkernels: activations are signed bytes with a scale and a zero point per channel, weights signed bytes in
// -127...127 with a scale per output channel, sums int32. Every path computes the same bits.
//
// Of a packed weight matrix, the magnitudes of the weights k, k + 4, k + 8 and k + 12 of a column (k % 16 < 4) add up to
// 254 at most (ck_qs8_weights_fit): four products then fit 16 bits, which saves cores without dot products a sixth of
// their instructions and costs next to no precision. (ARM would allow 255; see qs8_tile__avx2.h for the last one.)
//
// How sums become stored bytes ("requantisation"), for output channel j, in 16-bit fixed point; mulh(a, b) is
// (2ab + 2^15) >> 16, sat8, sat16 and sat32 saturate:
//
//     sum = bias[j] + the products                              (int32, must not overflow)
//     x = sat32(sum << shift[j]) >> 16                          (a negative shift goes to the right, rounding down)
//     v = mulh(x, gain[j])                                      identity
//     v = sat16(max(mulh(x, gain[j]), 0) + zero[j])             ReLU
//     v = sat16(mulh(sat16(max(x, 0) << lift[j]), gain[j]) + mulh(r, dip[j]) + zero[j])    SiLU, GELU; r as below
//     v = sat16(v + mulh(residual << 7, residual_gain[j]))      where something is added
//     stored = sat8((v + 32) >> 6)
//
// The identity's zero point is part of its bias.
// v counts 64ths of an output step. SiLU and GELU are max(x, 0) - d(|x|), with d(t) = t / (1 + e^t) and
// d(t) = t / 2 * erfc(t / sqrt(2)): t = min(mulh(|x|, tau[j]), 4095) counts 512ths; with i = t >> 6 and f = t & 63,
// r = 128 base[i] + slope[i] f is 2^7 * 255 / 0.27846 times d, linear between 64 nodes (ck_curve); from the last one on it
// is 0.

#include <stddef.h>
#include <stdint.h>

#include "ckernels_paths.h"
#include "ckernels_types.h"

/// What turns the sums of 8 output channels into stored bytes.
typedef struct {
    /// Carries the layer's bias, the input's zero point, half of what `shift` drops and, for the identity, what `zero`
    /// is otherwise.
    int32_t bias[8];
    int32_t shift[8];
    int16_t gain[8];
    int16_t tau[8];
    int16_t dip[8];
    int16_t lift[8];
    int16_t residual_gain[8];
    int16_t zero[8];
} ck_qs8_channels;

/// What turns the sums of 8 output channels into values: (sum + bias) * scale.
typedef struct {
    int32_t bias[8];
    float scale[8];
} ck_qs8_values;

/// The tokens of one patch position: row r, column c lies at r * row_stride + c * column_stride elements.
typedef struct {
    size_t height;
    size_t width;
    size_t row_stride;
    size_t column_stride;
} ck_tokens;

/// One head of multi-head attention at one patch position. q, k and v have zero point 0; q and k one scale each, v and
/// the output one per channel. k and v are clamped to -63...63, for the same reason as weights are bounded.
typedef struct {
    ck_tokens tokens;
    const int8_t *q;
    const int8_t *k;
    const int8_t *v;
    /// Channels of the head: a multiple of 4.
    size_t size;
    /// From an int32 product of q and k to 16ths of a power of two, times 2^31: the score is
    /// x = (2 * product * multiplier + 2^31) >> 32, and its weight ck_exp2_table[largest x - x], 0 beyond the table. So
    /// small that all scores fit 16 bits: see ck_qs8_max_multiplier; with no more bits than ck_qs8_round_multiplier
    /// leaves, lest a path compute each score the slow way.
    int32_t multiplier;
    /// output = sat8(rne((sum / sum of weights) * gain[c] + zero[c])), fp32; `size` values each.
    const float *gain;
    const float *zero;
    int8_t *output;
    size_t output_row_stride;
    size_t output_column_stride;
    /// ck_qs8_attention_scratch bytes, 64-byte aligned.
    void *scratch;
} ck_qs8_attention;

/// The largest multiplier with which scores of heads of `size` channels fit 16 bits.
static inline int32_t ck_qs8_max_multiplier(size_t size) {
    const int64_t maximum = ((int64_t)32767 << 31) / ((int64_t)size * 128 * 63);
    return maximum < INT32_MAX ? (int32_t)maximum : INT32_MAX;
}

/// The multiplier with its 11 uppermost bits, rounded down: off by less than 0.1 %.
static inline int32_t ck_qs8_round_multiplier(int32_t multiplier) {
    int32_t lost = 0;
    while (multiplier >> lost > 2047) lost++;
    return multiplier >> lost << lost;
}

/// Separable self-attention (MobileViTv2, section 3.1) at one patch position: q, k and v are columns of rows of tokens,
/// with zero point 0.
typedef struct {
    ck_tokens tokens;
    const int8_t *q;
    const int8_t *k;
    const int8_t *v;
    size_t channels;
    /// The score is x = (2 * 256 q * multiplier + 2^31) >> 32, its weight as in ck_qs8_attention.
    int32_t multiplier;
    /// The output is the affine map (see ck_qs8_kernels) of max(v, 0) with gain context sum / sum of weights * gain[c]
    /// and shift zero[c].
    const float *gain;
    const float *zero;
    int8_t *output;
    size_t output_row_stride;
    size_t output_column_stride;
    /// ck_qs8_separable_scratch bytes, 64-byte aligned.
    void *scratch;
} ck_qs8_separable;

/// What `ck_qs8_channels` says of one channel.
typedef struct {
    int32_t bias;
    int32_t shift;
    int16_t gain;
    int16_t tau;
    int16_t dip;
    int16_t lift;
    int16_t residual_gain;
    int16_t zero;
} ck_qs8_channel;

static inline void ck_qs8_set_channel(ck_qs8_channels *channels, size_t j, ck_qs8_channel channel) {
    channels->bias[j] = channel.bias;
    channels->shift[j] = channel.shift;
    channels->gain[j] = channel.gain;
    channels->tau[j] = channel.tau;
    channels->dip[j] = channel.dip;
    channels->lift[j] = channel.lift;
    channels->residual_gain[j] = channel.residual_gain;
    channels->zero[j] = channel.zero;
}

static inline void ck_qs8_set_value(ck_qs8_values *values, size_t j, int32_t bias, float scale) {
    values->bias[j] = bias;
    values->scale[j] = scale;
}

static inline size_t ck_round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

/// Scratch bytes of one head: K and V packed for the GEMM, 8 query rows, their scores and their weights.
static inline size_t ck_qs8_attention_scratch(size_t tokens, size_t size) {
    const size_t t = ck_round_up(tokens, 16), s = ck_round_up(size, 16);
    return 2 * t * s + 8 * s + 8 * t * 3 + 8 * t + 512;
}

static inline size_t ck_qs8_separable_scratch(size_t tokens, size_t channels) {
    return ck_round_up(tokens, 16) + 8 * ck_round_up(channels, 16) + 256;
}

// clang-format off
/// Bytes of a packed weight matrix [k, n]: blocks of 8 columns, in each block groups of 4 rows, in each group
/// [8 columns][4 rows]; zeros fill it up.
static inline size_t ck_qs8_packed_size(size_t k, size_t n) { return ck_round_up(n, 8) * ck_round_up(k, 4); }

/// The kernels of this type, KERNEL(slot, (parameters)): the only list of them. Tables, the prototypes of the scalar twins
/// (qs8_SLOT__scalar) and the loop of the checks follow from it.
#define CK_QS8_KERNELS(KERNEL)                                                                                         \
    /* C[rows, 8 * blocks] = requantise(A[rows, k] * B). k is a multiple of 4; A is read exactly; whole blocks of      \
       8 columns are written. `residual` may be NULL, and may be C. */                                                 \
    KERNEL(gemm, (size_t rows, size_t blocks, size_t k, const int8_t *a, size_t lda, const int8_t *weights,            \
        const ck_qs8_channels *channels, ck_activation activation, const int8_t *residual, size_t ldr, int8_t *c,      \
        size_t ldc))                                                                                                   \
    /* The same with half-precision values as result, n columns, which need not be a multiple of 8. */                 \
    KERNEL(gemm_f16, (size_t rows, size_t n, size_t k, const int8_t *a, size_t lda, const int8_t *weights,             \
        const ck_qs8_values *channels, uint16_t *c, size_t ldc))                                                       \
    /* One row of a depthwise 3x3 convolution: output x is the sum over rows[0...2] of pixels stride * x + 0...2       \
       times weights [3][3][channels]. `channels` is a multiple of 8; pixels of a row are `channels` apart. */         \
    KERNEL(dwconv3x3, (size_t width, size_t channels, size_t stride, const int8_t *const rows[3],                      \
        const int8_t *weights, const ck_qs8_channels *parameters, ck_activation activation, int8_t *output))           \
    KERNEL(attention, (const ck_qs8_attention *))                                                                      \
    KERNEL(separable_attention, (const ck_qs8_separable *))                                                            \
    /* Layer normalisation over a row's stored values, y = z * gain[c] + shift[c] with z of mean 0 and variance 1,     \
       in 16-bit fixed point: ck_row_normalisation gives z in 2048ths, y follows in 16ths of an output step            \
       (qs8_normalise.h). gain is below 128 and shift below 2048 in magnitude; beyond, they count as that. */          \
    KERNEL(layernorm, (size_t rows, size_t channels, const int8_t *input, size_t ldi, float epsilon,                   \
        const float *gain, const float *shift, int8_t *output, size_t ldo))                                            \
    /* Adds each channel's stored values and their squares to `sum` and `squares`, `channels` elements each, which     \
       must not overflow: squares of 2^16 rows always fit. */                                                          \
    KERNEL(sums, (size_t rows, size_t channels, const int8_t *input, size_t ldi, int32_t *sum, int32_t *squares))      \
    /* y = q * gain[c] + shift[c] in 16-bit fixed point, in 32nds of an output step (qs8_normalise.h). gain is         \
       below 4 and shift below 1024 in magnitude; beyond, they count as that. */                                       \
    KERNEL(affine, (size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain,                  \
        const float *shift, int8_t *output, size_t ldo))                                                               \
    /* Bilinear interpolation of stored values, rounded to nearest; output rows from `first` to before `last`. */      \
    KERNEL(resize_bilinear, (size_t height, size_t width, size_t channels, const int8_t *input, size_t ldi,            \
        size_t out_height, size_t out_width, int8_t *output, size_t ldo, int align_corners, size_t first,              \
        size_t last))                                                                                                  \
    /* output[c] = sat8(rne(sum over the rows * gain[c] + shift[c])). */                                               \
    KERNEL(mean, (size_t rows, size_t channels, const int8_t *input, size_t ldi, const float *gain,                    \
        const float *shift, int8_t *output))                                                                           \
    /* Depthwise convolution by any window: weights [taps][channels]. `channels` is a multiple of 8; outside the       \
       map lies padding[c], the stored zero. Output rows from `first` to before `last`. */                             \
    KERNEL(dwconv, (const ck_window *window, size_t channels, const int8_t *input, size_t ldi, const int8_t *padding,  \
        const int8_t *weights, const ck_qs8_channels *parameters, ck_activation activation, int8_t *output,            \
        size_t ldo, size_t first, size_t last))                                                                        \
    /* What the window sees of output row `y`, for a GEMM of taps * channels: patches[x] contains [taps][channels],       \
       padding[c] outside the map, and zeros up to `ldp`, a multiple of 4. `input` and `padding` are the first of      \
       a group's channels. */                                                                                          \
    KERNEL(patches, (const ck_window *window, size_t channels, const int8_t *input, size_t ldi,                        \
        const int8_t *padding, size_t y, int8_t *patches, size_t ldp))                                                 \
    /* output = sat8(rne((a * gain_a[c] + b * gain_b[c]) + shift[c])), each operation rounded to fp32. `output`        \
       may be an operand. */                                                                                           \
    KERNEL(add, (size_t rows, size_t channels, const int8_t *a, size_t lda, const float *gain_a, const int8_t *b,      \
        size_t ldb, const float *gain_b, const float *shift, int8_t *output, size_t ldo))                              \
    /* output = tables[c * stride + value + 128]: any function of a stored value, with 256 entries for each            \
       channel (stride 256), or for all of them (stride 0). `output` may be `input`. */                                \
    KERNEL(lookup, (size_t rows, size_t channels, const int8_t *input, size_t ldi, const int8_t *tables,               \
        size_t stride, int8_t *output, size_t ldo))

/// The kernels of one path. Where it has no form of its own, the slot contains that of a path that it is made of.
typedef struct {
    /// What `gemm` and `dwconv3x3` apply to their sums; with others they must not be called.
    ck_activation_set activations;
    CK_QS8_KERNELS(CK_MEMBER)
} ck_qs8_kernels;
// clang-format on

#define CK_TWIN(slot, parameters) void qs8_##slot##__scalar parameters;
CK_QS8_KERNELS(CK_TWIN)
#undef CK_TWIN

#define CK_SLOT(slot, parameters) ck_qs8_slot_##slot,
/// The slots as numbers from 0 on. Closed, so that a loop over them that forgets one does not compile.
typedef enum __attribute__((enum_extensibility(closed))) { CK_QS8_KERNELS(CK_SLOT) } ck_qs8_slot;
#undef CK_SLOT
enum { ck_qs8_slot_count = CK_QS8_KERNELS(CK_ONE_SLOT) };

/// The kernels of a path; NULL where this build lacks it, or it has none of its own for this type.
const ck_qs8_kernels *ck_qs8_kernels_of(ck_path path);

/// 255 * 2^(-i / 16), rounded.
extern const uint8_t ck_exp2_table[128];

/// How far an activation lies below max(x, 0).
typedef struct {
    uint8_t base[64];
    int8_t slope[64];
} ck_curve;
extern const ck_curve ck_silu_curve, ck_gelu_curve;

/// NULL for an activation that has none.
static inline const ck_curve *ck_curve_of(ck_activation activation) {
    return activation == CK_SILU ? &ck_silu_curve : activation == CK_GELU ? &ck_gelu_curve : NULL;
}

// Off the frame's hot path: one portable form each.

/// Gathers the 3x3 neighbourhoods of output row `y` of a stride-2 convolution from an RGB image: for each of
/// ceil(width / 2) outputs 27 bytes (ky, kx, channel) less 128 and one 0. Outside the image lies `padding` (less 128).
void u8_patches3x3_s2__scalar(
    size_t height, size_t width, const uint8_t *image, const uint8_t padding[3], size_t y, int8_t *patches);

/// Whether packed weights keep to their bounds.
int ck_qs8_weights_fit(size_t k, size_t n, const int8_t *packed);

/// Packs a matrix [k, n] of stride ldb in the GEMM's layout; see ck_qs8_packed_size.
void qs8_pack__scalar(size_t k, size_t n, const int8_t *b, size_t ldb, int8_t *packed);
