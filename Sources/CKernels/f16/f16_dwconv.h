#pragma once

// The body of the depthwise convolution by any window for all vector paths: 8 channels at a time, of a few neighbouring
// outputs that share each load of the weights.

#include "f16_tile.h"

enum { DW_OUTPUTS = 4 };

/// Of a window's rows or columns, those whose taps lie within the map: from `first` to before `last`.
typedef struct {
    size_t first, last;
} ck_taps;

CK_INLINE ck_taps
ck_taps_inside(size_t output, size_t stride, size_t dilation, size_t before, size_t kernel, size_t size) {
    const size_t start = output * stride, end = before + size;
    ck_taps taps = {0, 0};
    if (start < before) taps.first = (before - start + dilation - 1) / dilation;
    if (start < end) taps.last = (end - start + dilation - 1) / dilation;
    if (taps.last > kernel) taps.last = kernel;
    if (taps.first > taps.last) taps.first = taps.last;
    return taps;
}

/// Up to 8 channels, `lanes`, of `count` neighbouring outputs. `input` and `weights` are those of the first tap inside, and
/// `line` is what lies between the rows of taps in the input.
CK_INLINE void window_outputs(
    const ck_window *window, const int count, const size_t lanes, size_t channels, size_t rows, size_t columns,
    const uint16_t *input, size_t ldi, size_t line, const uint16_t *weights, const float *bias,
    ck_activation activation, uint16_t *output, size_t ldo) {
    const size_t output_step = window->stride_x * ldi, tap_step = window->dilation_x * ldi;
    ck_vector sums[DW_OUTPUTS][TILE_VECTORS];
    const ck_vector start = ck_load_floats(bias, lanes);
    for (int i = 0; i < count; i++) sums[i][0] = start;
    for (; rows > 0; rows--, input += line, weights += window->kernel_width * channels) {
        const uint16_t *from = input, *factors = weights;
        for (size_t left = columns; left > 0; left--, from += tap_step, factors += channels) {
            const ck_vector factor = ck_load_some(factors, lanes);
            for (int i = 0; i < count; i++) sums[i][0] += ck_load_some(from + (size_t)i * output_step, lanes) * factor;
        }
    }
    ck_activate_tile(count, 1, activation, sums);
    for (int i = 0; i < count; i++) ck_store_some(output + (size_t)i * ldo, sums[i][0], lanes);
}

CK_TARGET void F16(dwconv)(
    const ck_window *window, size_t channels, const uint16_t *input, size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo, size_t first, size_t last) {
    const size_t kernel_width = window->kernel_width, line = window->dilation_y * window->width * ldi;
    for (size_t y = first; y < last; y++) {
        const ck_taps rows = ck_taps_inside(
            y, window->stride_y, window->dilation_y, window->top, window->kernel_height, window->height);
        const uint16_t *top = input +
            (y * window->stride_y + rows.first * window->dilation_y - window->top) * window->width * ldi;
        uint16_t *const outputs = output + y * window->out_width * ldo;
        for (size_t c = 0; c < channels; c += 8) {
            const size_t lanes = channels - c < 8 ? channels - c : 8;
            const float *biases = bias ? bias + c : NULL;
            for (size_t x = 0, count; x < window->out_width; x += count) {
#define CK_COLUMNS(x) ck_taps_inside(x, window->stride_x, window->dilation_x, window->left, kernel_width, window->width)
                const ck_taps columns = CK_COLUMNS(x);
                const uint16_t *pixel = top +
                    (x * window->stride_x + columns.first * window->dilation_x - window->left) * ldi + c;
                const uint16_t *factors = weights + (rows.first * kernel_width + columns.first) * channels + c;
                const int whole = lanes == 8 && columns.first == 0 && x + DW_OUTPUTS <= window->out_width &&
                    CK_COLUMNS(x + DW_OUTPUTS - 1).last == kernel_width;
#undef CK_COLUMNS
                count = whole ? DW_OUTPUTS : 1;
#define CK_OUTPUTS(count, lanes)                                                                                       \
    window_outputs(                                                                                                    \
        window, count, lanes, channels, rows.last - rows.first, columns.last - columns.first, pixel, ldi, line,        \
        factors, biases, activation, outputs + x * ldo + c, ldo)
                if (whole)
                    CK_OUTPUTS(DW_OUTPUTS, 8);
                else if (lanes == 8)
                    CK_OUTPUTS(1, 8);
                else
                    CK_OUTPUTS(1, lanes);
#undef CK_OUTPUTS
            }
        }
    }
}
