#pragma once

#include <stddef.h>
#include <stdint.h>

/// How a JPEG is made: what encoders of cameras, phones and programs do differently.
typedef struct {
    uint32_t width, height;
    /// Of the image's pixels.
    uint32_t seed;
    /// 1 is grey, 3 YCbCr, 4 CMYK.
    int components;
    /// Luminance samples for one of chroma.
    int across, down;
    int quality;
    /// RGB is stored as it is.
    int is_rgb;
    int is_optimised, is_progressive, is_arithmetic;
    /// One scan for each component, in a baseline image.
    int has_separate_scans;
    /// Every two symbols of one code length are exchanged in all tables, with which the image is then coded.
    int has_odd_tables;
    /// MCUs between two restart markers; 0 for none.
    int restart;
    /// Tables that the image does not bring, one bit for each slot.
    int left_out_dc, left_out_ac, left_out_quantisation;
} ctest_jpeg;

/// Writes the JPEG to `bytes` and returns its length; 0 where that is more than `capacity`.
size_t ctest_make_jpeg(const ctest_jpeg *_Nonnull jpeg, uint8_t *_Nonnull bytes, size_t capacity);

/// FNV-1a, on from `seed`.
uint64_t ctest_hash(uint64_t seed, const void *_Nullable bytes, size_t count);
