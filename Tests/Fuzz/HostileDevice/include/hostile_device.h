#pragma once

#include <stddef.h>
#include <stdint.h>

/// From here on, ioctl and mmap of `fd` answer out of `bytes`, which stay the caller's.
void hostile_device_begin(int fd, const uint8_t *_Nonnull bytes, size_t count);

/// Gives the bytes back. Returns how many were not asked for.
size_t hostile_device_end(void);
