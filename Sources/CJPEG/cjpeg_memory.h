#pragma once

#include <stdio.h>

#include <jpeglib.h>

/// A memory manager for libjpeg that takes one mapping and no more: the memory of a picture is used again for the next.
/// libjpeg's own goes to malloc and back for every picture.
typedef struct cjpeg_memory cjpeg_memory;

/// Takes the place of the manager that jpeg_create_decompress made, and ends it with itself. What a picture needs beyond
/// `limit` bytes is JERR_OUT_OF_MEMORY. NULL when memory is short; nothing has changed then.
cjpeg_memory *cjpeg_memory_install(j_decompress_ptr jpeg, size_t limit);
