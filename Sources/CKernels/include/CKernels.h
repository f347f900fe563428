#pragma once

// Microkernels of the engine. Names follow type_operator_tile__path; a file contains the function it is named after.
// All of them are pure functions over the caller's buffers: no allocation, no I/O, no globals.
//
// A map is NHWC with one image: `rows` pixels of `channels` floats. The distance between two pixels is a stride in
// elements ("ld", leading dimension, >= channels), so that a map can be a slice of a wider one. Maps that are read or
// written as a whole image (depthwise, resize) are rows of pixels without gaps between image rows.

#include <stddef.h>
#include <stdint.h>

#include "ckernels_f16.h"
#include "ckernels_qs8.h"
#include "ckernels_types.h"
#include "ckernels_vision.h"

// clang-format off
/// The kernels in fp32, KERNEL(slot, (parameters)): the only list of them. There is one path, f32_SLOT__scalar, and no table.
#define CK_F32_KERNELS(KERNEL)                                                                                         \
    /* C[m,n] = activation(A[m,k] * B[k,n] + bias[n]) + residual[m,n]. `bias` and `residual` may be NULL. `c` may      \
       be the residual itself, and must not overlap A or B. */                                                         \
    KERNEL(gemm_6x8, (size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, const float *bias,     \
        const float *residual, size_t ldr, float *c, size_t ldc, ck_activation activation))                            \
    /* Depthwise convolution by any window: weights [taps][channels]; `bias` may be NULL. Output rows from `first`     \
       to before `last`. */                                                                                            \
    KERNEL(dwconv, (const ck_window *window, size_t channels, const float *input, size_t ldi, const float *weights,    \
        const float *bias, ck_activation activation, float *output, size_t ldo, size_t first, size_t last))            \
    /* What the window sees of output row `y`, for a GEMM of taps * channels: patches[x] contains [taps][channels], 0     \
       outside the map, and zeros up to `ldp`. `input` is the first of a group's channels. */                          \
    KERNEL(patches, (const ck_window *window, size_t channels, const float *input, size_t ldi, size_t y,               \
        float *patches, size_t ldp))                                                                                   \
    /* Layer normalisation of each row over its channels, then y * gain + shift. */                                    \
    KERNEL(layernorm, (size_t rows, size_t channels, const float *input, size_t ldi, const float *gain,                \
        const float *shift, float epsilon, float *output, size_t ldo))                                                 \
    /* Group normalisation with one group: mean and variance over the whole map, then y * gain[c] + shift[c] for       \
       the rows from `first` to before `last`. */                                                                      \
    KERNEL(groupnorm1, (size_t rows, size_t channels, const float *input, size_t ldi, const float *gain,               \
        const float *shift, float epsilon, float *output, size_t ldo, size_t first, size_t last))                      \
    /* Scaled dot-product attention of one head over `tokens` rows; q, k and v are columns of one matrix of stride     \
       `ld`. Q is multiplied by `scale`. `scratch` contains (size + 1) * tokens floats: K transposed, and one row of      \
       scores. */                                                                                                      \
    KERNEL(attention, (size_t tokens, size_t size, const float *q, const float *k, const float *v, size_t ld,          \
        float scale, float *output, size_t ldo, float *scratch))                                                       \
    /* Separable self-attention over `tokens` rows (MobileViTv2, section 3.1): columns of `qkv` are 1 query,           \
       `channels` keys and `channels` values. output = relu(value) * sum over tokens of key * softmax(query).          \
       `scratch` contains tokens + channels floats. */                                                                    \
    KERNEL(separable_attention, (size_t tokens, size_t channels, const float *qkv, size_t ld, float *output,           \
        size_t ldo, float *scratch))                                                                                   \
    /* Bilinear interpolation [height, width, c] -> [out_height, out_width, c]. With `align_corners` the corner        \
       pixels' centres map onto each other, otherwise the pixel grids' edges do (PyTorch's two rules). Computes        \
       the output rows from `first` to before `last`. */                                                               \
    KERNEL(resize_bilinear, (size_t height, size_t width, size_t channels, const float *input, size_t ldi,             \
        size_t out_height, size_t out_width, float *output, size_t ldo, int align_corners, size_t first,               \
        size_t last))                                                                                                  \
    /* Mean over all rows: [rows, c] -> [c]. */                                                                        \
    KERNEL(mean, (size_t rows, size_t channels, const float *input, size_t ldi, float *output))                        \
    /* Any activation but CK_LEAKY_RELU of each value. `output` may be `input`. */                                     \
    KERNEL(activate, (size_t rows, size_t channels, const float *input, size_t ldi, ck_activation activation,          \
        float *output, size_t ldo))                                                                                    \
    /* output = x * factors[c]. `output` may be `input`. */                                                            \
    KERNEL(multiply, (size_t rows, size_t channels, const float *input, size_t ldi, const float *factors,              \
        float *output, size_t ldo))                                                                                    \
    /* output = a + b, row by row. */                                                                                  \
    KERNEL(add, (size_t rows, size_t channels, const float *a, size_t lda, const float *b, size_t ldb, float *output,  \
        size_t ldo))
// clang-format on

#define CK_TWIN(slot, parameters) void f32_##slot##__scalar parameters;
CK_F32_KERNELS(CK_TWIN)
#undef CK_TWIN

#define CK_SLOT(slot, parameters) ck_f32_slot_##slot,
/// The kernels as numbers from 0 on. Closed, so that a loop over them that forgets one does not compile.
typedef enum __attribute__((enum_extensibility(closed))) { CK_F32_KERNELS(CK_SLOT) } ck_f32_slot;
#undef CK_SLOT
enum { ck_f32_slot_count = CK_F32_KERNELS(CK_ONE_SLOT) };

/// Widens IEEE half precision to single precision.
void f16_to_f32__scalar(size_t count, const uint16_t *input, float *output);
