#pragma once

// The body of int8 depthwise convolution by any window for all paths with vectors. 16 channels and up to 32 outputs of a
// line at a time. The lines under the window are kept in a ring, arranged for the path's products: an entry consists of
// GROUP neighbouring columns, and there is one for each column at which a group of taps begins, so that the products of a
// group are a few instructions.
//
// A path's file says first what an entry is:
//
//     enum { GROUP, ENTRY_BYTES, OUTPUTS };
//     Columns of 16 bytes, `distance` bytes apart, as an entry; weights are arranged likewise.
//     void make_entry(const int8_t *columns, size_t distance, int8_t *entry);
//     The sums of OUTPUTS outputs, whose entries are `step` bytes apart, with one group after the other: of each row
//     `groups` groups, whose entries are `next` bytes apart.
//     void sum_outputs(size_t rows, size_t groups, const int8_t *const *entries, size_t step, size_t next,
//         const int8_t *weights, const ck_qs8_channels *const p[2], int32_t *sums);
//     Stores `count` outputs of `lanes` channels, 16 or 8.
//     void finish(size_t count, size_t lanes, const int32_t *sums, const ck_qs8_channels *const p[2],
//         ck_activation activation, const ck_curve *curve, int8_t *output, size_t ldo);

enum { LINE_OUTPUTS = 32, LINE_COLUMNS = 128, KERNEL_ROWS = 16, RING_BYTES = 20 << 10, WEIGHT_BYTES = 4 << 10 };

/// How a window's lines are kept.
typedef struct {
    const ck_window *window;
    /// Of taps of a row.
    size_t groups;
    /// Columns from one entry to the next.
    size_t column_step;
    /// Outputs at a time, and entries and columns of a line for them.
    size_t outputs, entries, columns;
    /// Lines from the first to the last row of taps.
    size_t lines;
} dw_plan;

/// `outputs` is 0 where a window is too large.
CK_INLINE dw_plan plan_lines(const ck_window *window) {
    dw_plan plan = {0};
    plan.window = window;
    plan.groups = (window->kernel_width + GROUP - 1) / GROUP;
    const size_t group_step = GROUP * window->dilation_x;
    plan.column_step = group_step % window->stride_x == 0 ? window->stride_x : 1;
    plan.lines = (window->kernel_height - 1) * window->dilation_y + 1;
    if (window->kernel_height > KERNEL_ROWS || window->kernel_height * plan.groups * ENTRY_BYTES > WEIGHT_BYTES)
        return plan;
    const size_t most = ck_round_up(window->out_width, OUTPUTS);
    for (size_t outputs = most < LINE_OUTPUTS ? most : LINE_OUTPUTS; outputs > 0; outputs -= OUTPUTS) {
        plan.entries = (window->stride_x * (outputs - 1) + (plan.groups - 1) * group_step) / plan.column_step + 1;
        plan.columns = (plan.entries - 1) * plan.column_step + (GROUP - 1) * window->dilation_x + 1;
        if (plan.columns > LINE_COLUMNS || plan.lines * plan.entries * ENTRY_BYTES > RING_BYTES) continue;
        plan.outputs = outputs;
        return plan;
    }
    return plan;
}

CK_INLINE void copy_lanes(size_t lanes, const int8_t *from, int8_t to[16]) {
    if (lanes == 16) {
        __builtin_memcpy(to, from, 16);
    } else {
        __builtin_memcpy(to, from, 8);
        __builtin_memset(to + 8, 0, 8);
    }
}

/// The entries of line `row`, which may lie outside the map, from column `left` on.
CK_INLINE CK_TARGET void fill_line(
    const dw_plan *plan, size_t lanes, size_t row, size_t left, const int8_t *input, size_t ldi, const int8_t *padding,
    int8_t *entries) {
    int8_t columns[LINE_COLUMNS * 16];
    const ck_window *window = plan->window;
    const int inside = row < window->height;
    for (size_t i = 0; i < plan->columns; i++) {
        // Left of the map the sum wraps around, far beyond its size.
        const size_t x = left + i;
        copy_lanes(
            lanes, inside && x < window->width ? input + (row * window->width + x) * ldi : padding, columns + 16 * i);
    }
    for (size_t i = 0; i < plan->entries; i++, entries += ENTRY_BYTES)
        make_entry(columns + 16 * i * plan->column_step, 16 * window->dilation_x, entries);
}

/// Weights of 16 channels: [rows][groups] entries.
CK_INLINE CK_TARGET void fill_weights(
    const dw_plan *plan, size_t lanes, size_t channels, const int8_t *weights, int8_t *entries) {
    const size_t kernel_width = plan->window->kernel_width;
    for (size_t row = 0; row < plan->window->kernel_height; row++) {
        for (size_t group = 0; group < plan->groups; group++, entries += ENTRY_BYTES) {
            int8_t taps[16 * GROUP];
            for (size_t i = 0; i < GROUP; i++) {
                const size_t column = group * GROUP + i;
                if (column < kernel_width)
                    copy_lanes(lanes, weights + (row * kernel_width + column) * channels, taps + 16 * i);
                else
                    __builtin_memset(taps + 16 * i, 0, 16);
            }
            make_entry(taps, 16, entries);
        }
    }
}

/// The lines of `count` outputs of 16 or 8 channels.
CK_INLINE CK_TARGET void convolve_lines(
    const dw_plan *plan, size_t lanes, size_t x, size_t count, const int8_t *input, size_t ldi, const int8_t *padding,
    const int8_t *weights, const ck_qs8_channels *parameters, ck_activation activation, const ck_curve *curve,
    int8_t *output, size_t ldo, size_t first, size_t last) {
    const ck_window *window = plan->window;
    const ck_qs8_channels *const p[2] = {parameters, lanes == 16 ? parameters + 1 : parameters};
    const size_t line_bytes = plan->entries * ENTRY_BYTES;
    const size_t step = window->stride_x / plan->column_step * ENTRY_BYTES;
    const size_t next = GROUP * window->dilation_x / plan->column_step * ENTRY_BYTES;
    _Alignas(64) int8_t ring[RING_BYTES];
    _Alignas(64) int32_t sums[LINE_OUTPUTS * 16];
    size_t filled = 0;
    for (size_t y = first; y < last; y++) {
        // Lines count from the uppermost of the first output.
        const size_t top = (y - first) * window->stride_y;
        if (filled < top) filled = top;
        for (; filled < top + plan->lines; filled++)
            fill_line(
                plan, lanes, first * window->stride_y + filled - window->top, x * window->stride_x - window->left,
                input, ldi, padding, ring + filled % plan->lines * line_bytes);
        const int8_t *rows[KERNEL_ROWS];
        for (size_t i = 0; i < window->kernel_height; i++)
            rows[i] = ring + (top + i * window->dilation_y) % plan->lines * line_bytes;
        for (size_t i = 0; i < count; i += OUTPUTS) {
            sum_outputs(window->kernel_height, plan->groups, rows, step, next, weights, p, sums + 16 * i);
            for (size_t row = 0; row < window->kernel_height; row++) rows[row] += OUTPUTS * step;
        }
        int8_t *pixel = output + (y * window->out_width + x) * ldo;
        if (curve)
            finish(count, lanes, sums, p, CK_SILU, curve, pixel, ldo);
        else if (activation == CK_RELU)
            finish(count, lanes, sums, p, CK_RELU, curve, pixel, ldo);
        else
            finish(count, lanes, sums, p, CK_IDENTITY, curve, pixel, ldo);
    }
}

#define DWCONV_PARAMETERS                                                                                              \
    const ck_window *window, size_t channels, const int8_t *input, size_t ldi, const int8_t *padding,                  \
        const int8_t *weights, const ck_qs8_channels *parameters, ck_activation activation, int8_t *output,            \
        size_t ldo, size_t first, size_t last
#define DWCONV_ARGUMENTS                                                                                               \
    window, channels, input, ldi, padding, weights, parameters, activation, output, ldo, first, last

CK_INLINE CK_TARGET void dwconv(DWCONV_PARAMETERS) {
    const dw_plan plan = plan_lines(window);
    if (plan.outputs == 0) {
        qs8_dwconv__scalar(DWCONV_ARGUMENTS);
        return;
    }
    const ck_curve *curve = ck_curve_of(activation);
    for (size_t c = 0; c < channels; c += 16) {
        const size_t lanes = channels - c < 16 ? 8 : 16;
        _Alignas(64) int8_t arranged[WEIGHT_BYTES];
        fill_weights(&plan, lanes, channels, weights + c, arranged);
        for (size_t x = 0; x < window->out_width; x += plan.outputs) {
            const size_t left = window->out_width - x;
            convolve_lines(
                &plan, lanes, x, left < plan.outputs ? left : plan.outputs, input + c, ldi, padding + c, arranged,
                parameters + c / 8, activation, curve, output + c, ldo, first, last);
        }
    }
}
