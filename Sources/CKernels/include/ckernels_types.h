#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// Of a list of kernels: the members of their table, and the terms of their number.
#define CK_MEMBER(slot, parameters) void(*slot) parameters;
#define CK_ONE_SLOT(slot, parameters) +1

/// What may be applied to each value of a map, ACTIVATION(enumerator, name): the only list. The name is that of model files
/// and messages. A new one is a line here, which every kernel table lacks until it says otherwise.
#define CK_ACTIVATIONS(ACTIVATION)                                                                                     \
    ACTIVATION(CK_IDENTITY, "identity")     /* x */                                                                    \
    ACTIVATION(CK_RELU, "relu")             /* max(x, 0) */                                                            \
    ACTIVATION(CK_SILU, "silu")             /* x / (1 + exp(-x)) */                                                    \
    ACTIVATION(CK_RELU6, "relu6")           /* min(max(x, 0), 6) */                                                    \
    ACTIVATION(CK_GELU, "gelu")             /* x / 2 * (1 + erf(x / sqrt(2))) */                                       \
    ACTIVATION(CK_HARD_SWISH, "hard-swish") /* x * min(max(x + 3, 0), 6) / 6 */                                        \
    ACTIVATION(CK_SIGMOID, "sigmoid")       /* 1 / (1 + exp(-x)) */                                                    \
    ACTIVATION(CK_LEAKY_RELU, "leaky-relu") /* max(x, 0) + slope * min(x, 0) */

#define CK_NUMBER(enumerator, name) enumerator,
/// Numbers from 0 on.
typedef enum { CK_ACTIVATIONS(CK_NUMBER) } ck_activation;
#undef CK_NUMBER
#define CK_NUMBER(enumerator, name) +1
enum { ck_activation_count = CK_ACTIVATIONS(CK_NUMBER) };
#undef CK_NUMBER

/// The activation's name; NULL for a number that is none.
static inline const char *ck_activation_name(ck_activation activation) {
#define CK_NAME(enumerator, name)                                                                                      \
    case enumerator: return name;
    switch (activation) { CK_ACTIVATIONS(CK_NAME) }
#undef CK_NAME
    return NULL;
}

/// Activations as a set of bits: those that the GEMM and the depthwise convolutions of a kernel table apply to their sums.
typedef uint32_t ck_activation_set;
enum { ck_fused_activations = 1 << CK_IDENTITY | 1 << CK_RELU | 1 << CK_SILU | 1 << CK_GELU };
static inline int ck_has_activation(ck_activation_set set, ck_activation activation) { return set >> activation & 1; }

/// A window that slides over a map [height, width]: under tap (i, j) of output pixel (y, x) lies the input pixel
/// (y * stride_y + i * dilation_y - top, x * stride_x + j * dilation_x - left), or padding where that is outside the map.
typedef struct {
    size_t height, width;
    size_t kernel_height, kernel_width;
    size_t stride_y, stride_x;
    size_t dilation_y, dilation_x;
    /// Padding above and to the left; below and to the right is what the output's size makes it.
    size_t top, left;
    size_t out_width;
} ck_window;

/// The number of the input pixel under tap i * kernel_width + j; SIZE_MAX in the padding.
static inline size_t ck_window_pixel(const ck_window *window, size_t y, size_t x, size_t tap) {
    // Above and left of the map the difference wraps around, far beyond its size.
    const size_t row = y * window->stride_y + tap / window->kernel_width * window->dilation_y - window->top;
    const size_t column = x * window->stride_x + tap % window->kernel_width * window->dilation_x - window->left;
    return row < window->height && column < window->width ? row * window->width + column : SIZE_MAX;
}

/// memcpy and memset: Embedded Swift's own copies go byte by byte.
static inline void ck_copy(void *to, const void *from, size_t size) { memcpy(to, from, size); }
static inline void ck_clear(void *to, size_t size) { memset(to, 0, size); }
