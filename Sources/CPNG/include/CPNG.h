#pragma once

// libpng behind setjmp, for images that hold one index for each pixel: a status comes back, nothing is printed, and no call
// leaves through longjmp.

#include <stddef.h>
#include <stdint.h>

typedef enum {
    CPNG_OK = 0,
    CPNG_NOT_PNG,
    /// libpng rejected the data, or they end before the image does.
    CPNG_CORRUPT,
    /// Colours, transparency in a channel of its own, or 16 bits.
    CPNG_NOT_INDEXED,
    CPNG_TOO_LARGE,
    CPNG_OUT_OF_MEMORY,
} cpng_status;

/// Reads a grey or indexed PNG of up to 8 bits. `pixels` becomes `width` times `height` bytes, to be freed with `free`: the
/// indices, or grey values as they are stored, not scaled to 255. `side_limit` bounds both sides, `pixel_limit` their product.
cpng_status cpng_read(
    const void *_Nonnull bytes, size_t count, uint32_t side_limit, uint32_t pixel_limit, uint32_t *_Nonnull width,
    uint32_t *_Nonnull height, uint8_t *_Nullable *_Nonnull pixels);
