#pragma once

// libv4l's conversions behind four calls: frames that we don't read ourselves, such as Bayer patterns and rare orders
// of colours, become planar YCbCr 4:2:0. libv4l allocates for itself, some formats at every frame.

#include <stddef.h>
#include <stdint.h>

typedef struct cv4l_converter cv4l_converter;

/// What stands in for the device's ioctl, for tests: 0, or -1 with errno set.
typedef int (*cv4l_ioctl)(void *_Nullable context, int fd, unsigned long request, void *_Nullable argument);

/// A format of the device, as V4L2 has it.
struct cv4l_format {
    uint32_t fourcc;
    uint32_t width;
    uint32_t height;
    uint32_t row_bytes;
    uint32_t byte_count;
};

/// For the device `fd`, which stays the caller's. NULL where it is none, or memory is short. `replacement` is NULL but in
/// tests.
cv4l_converter *_Nullable cv4l_create(int fd, cv4l_ioctl _Nullable replacement);
void cv4l_destroy(cv4l_converter *_Nullable converter);

/// Finds the format of the device that frames of this size are best made from. `source` comes with width and height
/// alone. 0, or errno: ENOTSUP where libv4l can make none.
int cv4l_find(cv4l_converter *_Nonnull converter, struct cv4l_format *_Nonnull source);

/// Converts one frame of `source` into width x height bytes of Y, then a quarter as many of Cb, then of Cr. Both sides
/// are even, and `output` has that many bytes. 0, or EBADMSG where the frame is none of `source`.
int cv4l_convert(
    cv4l_converter *_Nonnull converter, const struct cv4l_format *_Nonnull source, const void *_Nonnull frame,
    size_t count, uint8_t *_Nonnull output, size_t capacity);
