#pragma once

// fp16 microkernels: activations and weights are stored as IEEE half precision (uint16_t holds the bits), biases and
// the parameters of normalisations as fp32. Sums are fp32, rounded once when stored, except on the path neonfp16: it
// computes in half precision, and sums long products in parts so that rounding does not add up. The statistics of
// normalisations and the sums of attention's weights are fp32 everywhere.
//
// Strides are in elements. Nothing is read or written outside the operands.

#include <stddef.h>
#include <stdint.h>

#include "ckernels_qs8.h"
#include "ckernels_paths.h"
#include "ckernels_types.h"

/// One head of multi-head attention at one patch position: softmax(q k^T * scale) v over the tokens.
typedef struct {
    ck_tokens tokens;
    const uint16_t *q;
    const uint16_t *k;
    const uint16_t *v;
    /// Channels of the head: a multiple of 4.
    size_t size;
    float scale;
    uint16_t *output;
    size_t output_row_stride;
    size_t output_column_stride;
    /// ck_f16_attention_scratch bytes, 64-byte aligned.
    void *scratch;
} ck_f16_attention;

/// Separable self-attention (MobileViTv2, section 3.1) at one patch position: output = max(v, 0) * sum over the tokens
/// of k * softmax(q). A token has one q, and `channels` of k and of v.
typedef struct {
    ck_tokens tokens;
    const uint16_t *q;
    const uint16_t *k;
    const uint16_t *v;
    size_t channels;
    uint16_t *output;
    size_t output_row_stride;
    size_t output_column_stride;
    /// ck_f16_separable_scratch bytes, 64-byte aligned.
    void *scratch;
} ck_f16_separable;

/// Scratch bytes of one head: K transposed, V, 8 queries and their scores, as fp32 on paths that compute in it.
static inline size_t ck_f16_attention_scratch(size_t tokens, size_t size) {
    const size_t t = ck_round_up(tokens, 16), s = ck_round_up(size, 8);
    return (2 * t * s + 8 * (t + s)) * sizeof(float);
}

static inline size_t ck_f16_separable_scratch(size_t tokens, size_t channels) {
    return (ck_round_up(tokens, 16) + ck_round_up(channels, 16)) * sizeof(float);
}

/// Values of one row of patches, and what follows them in their buffer: three rows of the image as halves.
enum { ck_f16_patch_stride = 28 };
static inline size_t ck_f16_patches_count(size_t width) {
    return (width + 1) / 2 * ck_f16_patch_stride + 3 * (3 * (width + 2) + 8);
}

// clang-format off
/// The kernels of this type, KERNEL(slot, (parameters)): the only list of them. Tables, the prototypes of the scalar twins
/// (f16_SLOT__scalar) and the loop of the checks follow from it.
#define CK_F16_KERNELS(KERNEL)                                                                                         \
    /* C[rows, n] = activation(A[rows, k] * B[k, n] + bias[n]) + residual[rows, n]. B lies as the model file           \
       stores it. `bias` and `residual` may be NULL; C may be the residual, and must not overlap A or B. */            \
    KERNEL(gemm, (size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b,                   \
        const float *bias, ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc))   \
    /* One row of a depthwise 3x3 convolution: output x is the sum over rows[0...2] of pixels stride * x + 0...2       \
       times weights [3][3][channels]. Pixels of a row are `ldi` apart, those of the output `ldo`. */                  \
    KERNEL(dwconv3x3, (size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi,        \
        const uint16_t *weights, const float *bias, ck_activation activation, uint16_t *output, size_t ldo))           \
    /* Gathers the 3x3 neighbourhoods of output row `y` of a stride-2 convolution from an RGB image: for each of       \
       ceil(width / 2) outputs 27 values (ky, kx, channel) of byte * gain[channel] + bias[channel] and one 0,          \
       outside the image 0. `patches` contains ck_f16_patches_count(width) elements. */                                   \
    KERNEL(patches3x3_s2, (size_t height, size_t width, const uint8_t *image, const float gain[3],                     \
        const float bias[3], size_t y, uint16_t *patches))                                                             \
    KERNEL(attention, (const ck_f16_attention *))                                                                      \
    KERNEL(separable_attention, (const ck_f16_separable *))                                                            \
    /* Layer normalisation of each row over its channels, then y * gain + shift. */                                    \
    KERNEL(layernorm, (size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain,             \
        const float *shift, float epsilon, uint16_t *output, size_t ldo))                                              \
    /* Adds the values and their squares to `sum` and `squares`. */                                                    \
    KERNEL(sums, (size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares))      \
    /* y = x * gain[c] + shift[c]. */                                                                                  \
    KERNEL(affine, (size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain,                \
        const float *shift, uint16_t *output, size_t ldo))                                                             \
    /* Bilinear interpolation [height, width, c] -> [out_height, out_width, c]; output rows from `first` to before     \
       `last`. */                                                                                                      \
    KERNEL(resize_bilinear, (size_t height, size_t width, size_t channels, const uint16_t *input, size_t ldi,          \
        size_t out_height, size_t out_width, uint16_t *output, size_t ldo, int align_corners, size_t first,            \
        size_t last))                                                                                                  \
    /* Mean over all rows: [rows, c] -> [c]. */                                                                        \
    KERNEL(mean, (size_t rows, size_t channels, const uint16_t *input, size_t ldi, uint16_t *output))                  \
    /* Depthwise convolution by any window: weights [taps][channels]; `bias` may be NULL. Output rows from `first`     \
       to before `last`. */                                                                                            \
    KERNEL(dwconv, (const ck_window *window, size_t channels, const uint16_t *input, size_t ldi,                       \
        const uint16_t *weights, const float *bias, ck_activation activation, uint16_t *output, size_t ldo,            \
        size_t first, size_t last))                                                                                    \
    /* What the window sees of output row `y`, for a GEMM of taps * channels: patches[x] contains [taps][channels], 0     \
       outside the map, and zeros up to `ldp`. `input` is the first of a group's channels. */                          \
    KERNEL(patches, (const ck_window *window, size_t channels, const uint16_t *input, size_t ldi, size_t y,            \
        uint16_t *patches, size_t ldp))                                                                                \
    /* output = a + b, row by row. `output` may be an operand. */                                                      \
    KERNEL(add, (size_t rows, size_t channels, const uint16_t *a, size_t lda, const uint16_t *b, size_t ldb,           \
        uint16_t *output, size_t ldo))                                                                                 \
    /* Any activation but CK_LEAKY_RELU of each value. `output` may be `input`. */                                     \
    KERNEL(activate, (size_t rows, size_t channels, const uint16_t *input, size_t ldi, ck_activation activation,       \
        uint16_t *output, size_t ldo))
// clang-format on

/// The kernels of one path. Where it has no form of its own, the slot contains that of a path that it is made of.
typedef struct {
    /// What `gemm`, `dwconv3x3` and `dwconv` apply to their sums; with others they must not be called.
    ck_activation_set activations;
    CK_F16_KERNELS(CK_MEMBER)
} ck_f16_kernels;

#define CK_TWIN(slot, parameters) void f16_##slot##__scalar parameters;
CK_F16_KERNELS(CK_TWIN)
#undef CK_TWIN

#define CK_SLOT(slot, parameters) ck_f16_slot_##slot,
/// The slots as numbers from 0 on. Closed, so that a loop over them that forgets one does not compile.
typedef enum __attribute__((enum_extensibility(closed))) { CK_F16_KERNELS(CK_SLOT) } ck_f16_slot;
#undef CK_SLOT
enum { ck_f16_slot_count = CK_F16_KERNELS(CK_ONE_SLOT) };

/// The kernels of a path; NULL where this build lacks it, or it has none of its own for this type.
const ck_f16_kernels *ck_f16_kernels_of(ck_path path);
