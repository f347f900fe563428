#pragma once

// libjpeg behind setjmp: a status comes back, nothing is printed, and no call leaves through longjmp.
// A handle belongs to one thread and is used again for the next image, which is decoded as if it were the first:
// Huffman tables that it does not bring are the standard ones (ISO/IEC 10918-1 K.3.3), as a webcam's frames require them,
// and without a quantisation table it is rejected.

#include <stddef.h>
#include <stdint.h>

typedef enum {
    CJPEG_OK = 0,
    /// There is no JPEG at the beginning of the bytes, nor within CJPEG_BYTES_BEFORE of it.
    CJPEG_NOT_JPEG,
    /// The data ends before the image does.
    CJPEG_TRUNCATED,
    /// libjpeg rejected the data: cjpeg_*_error_code says why.
    CJPEG_CORRUPT,
    /// A JPEG of a kind that this libjpeg does not decode: lossless, hierarchical, 12 bits, without a height.
    CJPEG_UNSUPPORTED,
    /// Coded arithmetically, which is rejected altogether: no camera does it, and libjpeg continues with zeros where the
    /// data ends early.
    CJPEG_ARITHMETIC,
    CJPEG_TOO_MANY_SCANS,
    CJPEG_OUT_OF_MEMORY,
} cjpeg_status;

typedef enum {
    CJPEG_GREY,
    /// YCbCr or RGB.
    CJPEG_COLOUR,
    /// CMYK, YCCK and whatever else cannot become RGB.
    CJPEG_OTHER,
} cjpeg_colours;

enum {
    /// Bytes before the SOI that are skipped: what a camera's transport leaves there.
    CJPEG_BYTES_BEFORE = 1024
};

typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t components;
    cjpeg_colours colours;
    /// Bytes before the SOI.
    size_t start;
    /// The TIFF structure in the first EXIF segment, within the image's bytes; NULL where there is none.
    const uint8_t *_Nullable exif;
    size_t exif_count;
} cjpeg_header;

typedef struct cjpeg_decoder cjpeg_decoder;

/// NULL when memory is short. An image with more than `scan_limit` scans is rejected while it is decoded, and libjpeg
/// takes no more than about `memory_limit` bytes.
cjpeg_decoder *_Nullable cjpeg_decoder_create(int scan_limit, size_t memory_limit);
void cjpeg_decoder_destroy(cjpeg_decoder *_Nullable decoder);

/// Reads up to the first scan, and takes nothing that depends on the image's size. `bytes` must stay as they are until the image is decoded or the next header is read.
cjpeg_status cjpeg_read_header(
    cjpeg_decoder *_Nonnull decoder, const uint8_t *_Nonnull bytes, size_t count, cjpeg_header *_Nonnull header);

/// Bounds what libjpeg takes for the image whose header was read last, in bytes.
void cjpeg_allow_memory(cjpeg_decoder *_Nonnull decoder, size_t limit);

/// Decodes the image whose header was read last into RGB rows that begin `row_bytes` apart, at 1/`denominator`
/// (1, 2, 4 or 8) of its size: ceil(width/denominator) by ceil(height/denominator) pixels. Only for CJPEG_GREY and
/// CJPEG_COLOUR. libjpeg's defaults are kept: accurate integer DCT and smooth chroma upsampling.
/// Every image that ends early is CJPEG_TRUNCATED, also one of several scans that lacks a component, a coefficient or
/// a bit of one: no padding reaches the caller as an image. One that lacks its end marker alone is whole.
cjpeg_status cjpeg_decode(
    cjpeg_decoder *_Nonnull decoder, uint32_t denominator, uint8_t *_Nonnull rgb, size_t row_bytes);

/// One component of an image as it is stored.
typedef struct {
    uint32_t width;
    uint32_t height;
    /// Its samples for each pixel of the image, as fractions over `divisor_*`.
    uint32_t samples_across, divisor_across;
    uint32_t samples_down, divisor_down;
    /// What is written of it: rows of blocks, which end beyond the image.
    size_t row_bytes;
    size_t rows;
} cjpeg_plane;

/// The image's size at 1/`denominator`, and the planes that it is decoded into then: Y, Cb and Cr, or Y alone. The
/// chroma planes may have more than their share of that size, where libjpeg has it for nothing. `plane_count` is 0 for
/// an image of other components: decode it into RGB.
cjpeg_status cjpeg_plan_planes(
    cjpeg_decoder *_Nonnull decoder, uint32_t denominator, uint32_t *_Nonnull width, uint32_t *_Nonnull height,
    uint32_t *_Nonnull plane_count, cjpeg_plane planes[_Nonnull 3]);
/// Decodes into planes of the planned sizes, without upsampling and colour conversion.
cjpeg_status cjpeg_decode_planes(cjpeg_decoder *_Nonnull decoder, uint8_t *_Nullable const planes[_Nonnull 3]);

/// libjpeg's warnings about the last image: damage that it decoded around.
uint32_t cjpeg_decoder_warnings(const cjpeg_decoder *_Nonnull decoder);
/// libjpeg's message code (jerror.h) for the last CJPEG_CORRUPT or CJPEG_UNSUPPORTED.
int32_t cjpeg_decoder_error_code(const cjpeg_decoder *_Nonnull decoder);

typedef struct cjpeg_encoder cjpeg_encoder;

/// NULL when memory is short.
cjpeg_encoder *_Nullable cjpeg_encoder_create(void);
void cjpeg_encoder_destroy(cjpeg_encoder *_Nullable encoder);

/// Encodes RGB rows as a baseline JPEG, YCbCr 4:4:4, `quality` 1...100. The result belongs to the encoder and is valid
/// until its next call. `width` and `height` are 1...65500.
cjpeg_status cjpeg_encode(
    cjpeg_encoder *_Nonnull encoder, const uint8_t *_Nonnull rgb, size_t row_bytes, uint32_t width, uint32_t height,
    int quality, const uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull count);
int32_t cjpeg_encoder_error_code(const cjpeg_encoder *_Nonnull encoder);
