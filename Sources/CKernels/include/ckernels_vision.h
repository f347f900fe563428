#pragma once

// Microkernels of the vision module: images are rows of interleaved RGB bytes, tensors interleaved floats.

#include <stddef.h>
#include <stdint.h>

#include "ckernels_paths.h"
#include "ckernels_types.h"

/// Where one output pixel of a bilinear resize lies between two input pixels of its row.
typedef struct {
    /// Byte offsets of the two pixels from the row's begin.
    uint32_t left;
    uint32_t right;
    int32_t left_weight;
    int32_t right_weight;
} ck_tap;

/// How a channel value becomes a tensor value: value * gain[c] + bias[c] for channel c of the tensor. Channel c of the
/// tensor is channel c of the image, or 2 - c where `reversed` is not 0 (BGR).
typedef struct {
    float gain[3];
    float bias[3];
    int reversed;
} ck_pixel_format;

/// One row of RGB bytes as tensor values.
void u8_normalise__scalar(size_t width, const uint8_t *rgb, const ck_pixel_format *format, float *output);

/// One row of the fast resize, straight to tensor values. The two source rows of `row_bytes` bytes are blended into
/// `blended` (row_bytes elements) with weights out of 256, then pixels by `taps`, whose weights sum to 256; the exact
/// 24-bit sum times 2^-16 is what `format` is applied to.
void u8_resize_fast_row__scalar(
    size_t row_bytes, const uint8_t *upper, const uint8_t *lower, uint32_t lower_weight, uint16_t *blended,
    size_t width, const ck_tap *taps, const ck_pixel_format *format, float *output);

/// Eight taps whose elements lie so near to each other that they are picked from four vectors.
typedef struct {
    /// The element from which on the vectors are loaded: 32 have to be readable.
    uint32_t first;
    /// Byte by byte, where the elements lie in the vectors.
    uint8_t left[16];
    uint8_t right[16];
    uint16_t left_weights[8];
    uint16_t right_weights[8];
} ck_tap_block;

/// Makes width / 8 blocks of taps whose weights sum to 256. Returns 0 where the taps lie too far apart for that.
int ck_make_tap_blocks(size_t width, const ck_tap *taps, ck_tap_block *blocks);

/// How Y, Cb and Cr become red, green and blue, in 8192ths: red = luma * (Y - black) + red_by_cr * (Cr - 128), and so on,
/// rounded half up and clipped.
typedef struct {
    int16_t black;
    int16_t luma;
    int16_t red_by_cr;
    int16_t green_by_cb;
    int16_t green_by_cr;
    int16_t blue_by_cb;
} ck_ycc;

// clang-format off
/// The kernels of the fast resize, KERNEL(slot, (parameters)): the only list of them. Every path computes the same bytes.
#define CK_U8_KERNELS(KERNEL)                                                                                          \
    /* Two rows of `count` bytes with weights out of 256: at most 255 * 256 each. */                                   \
    KERNEL(blend_rows, (size_t count, const uint8_t *upper, const uint8_t *lower, uint32_t lower_weight,               \
        uint16_t *blended))                                                                                            \
    /* The horizontal half of the fast resize for one channel: `width` elements of `blended` by taps whose weights     \
       sum to 256, rounded to bytes. `blocks` are the same taps, or NULL where there are none; with them 32            \
       elements have to be readable from each block's first on. */                                                     \
    KERNEL(resize_fast_channel, (size_t width, const uint16_t *blended, const ck_tap *taps,                            \
        const ck_tap_block *blocks, uint8_t *output))                                                                  \
    /* One row of YCbCr as RGB bytes, or BGR where `reversed` is not 0. */                                             \
    KERNEL(ycc_to_rgb, (size_t width, const uint8_t *y, const uint8_t *cb, const uint8_t *cr, const ck_ycc *matrix,    \
        int reversed, uint8_t *output))                                                                                \
    /* Three rows of channels as one of pixels. */                                                                     \
    KERNEL(interleave, (size_t width, const uint8_t *first, const uint8_t *second, const uint8_t *third,               \
        uint8_t *output))
// clang-format on

/// The kernels of one path. Where it has no form of its own, the slot contains that of a path that it is made of.
typedef struct {
    CK_U8_KERNELS(CK_MEMBER)
} ck_u8_kernels;

#define CK_TWIN(slot, parameters) void u8_##slot##__scalar parameters;
CK_U8_KERNELS(CK_TWIN)
#undef CK_TWIN

#define CK_SLOT(slot, parameters) ck_u8_slot_##slot,
/// The slots as numbers from 0 on. Closed, so that a loop over them that forgets one does not compile.
typedef enum __attribute__((enum_extensibility(closed))) { CK_U8_KERNELS(CK_SLOT) } ck_u8_slot;
#undef CK_SLOT
enum { ck_u8_slot_count = CK_U8_KERNELS(CK_ONE_SLOT) };

/// The kernels of a path; NULL where this build lacks it.
const ck_u8_kernels *ck_u8_kernels_of(ck_path path);

/// One row of RGB bytes as BGR. `output` may be `rgb`.
void u8_reverse_channels__scalar(size_t width, const uint8_t *rgb, uint8_t *output);

/// OpenCV's INTER_LINEAR for bytes, horizontal half: taps with weights out of 2048, 3 * width sums.
void u8_resize_opencv_horizontal__scalar(size_t width, const uint8_t *row, const ck_tap *taps, int32_t *output);

/// OpenCV's INTER_LINEAR for bytes, vertical half: two rows of `count` sums and their weights out of 2048.
void u8_resize_opencv_vertical__scalar(
    size_t count, const int32_t *upper, const int32_t *lower, int32_t upper_weight, int32_t lower_weight,
    uint8_t *output);

/// Pillow's resampling, horizontal pass. Output pixel x is the sum over counts[x] pixels from firsts[x] on, with
/// weights of 22 fractional bits at weights + x * stride, rounded and clipped to a byte.
void u8_resize_pillow_horizontal__scalar(
    size_t width, const uint8_t *row, const uint32_t *firsts, const uint32_t *counts, const int32_t *weights,
    size_t stride, uint8_t *output);

/// Pillow's resampling, vertical pass: one output row of `row_bytes` bytes from `count` rows without gaps.
void u8_resize_pillow_vertical__scalar(
    size_t row_bytes, size_t count, const uint8_t *rows, const int32_t *weights, uint8_t *output);

/// output = softmax(input); `output` may be `input`.
void f32_softmax__scalar(size_t count, const float *input, float *output);

/// The largest of `count` values, -infinity for none; a NaN is passed over.
float f32_maximum__scalar(size_t count, const float *input);

/// SSD's box of an anchor (centre x, centre y, width, height) as left, top, right, bottom: the centre is moved by
/// offsets[0...1] * centre_variance anchor sizes, the size multiplied by exp(offsets[2...3] * size_variance).
void f32_ssd_box__scalar(
    const float *offsets, const float *anchor, float centre_variance, float size_variance, float *box);
