#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

/// Gives a decoder a memory manager that takes one mapping and no more: the memory of a picture is used again for the
/// next. libjpeg's own goes to malloc and back for every picture.
///
/// It takes the place of the manager that jpeg_create_decompress made, and ends it with itself. What a picture needs
/// beyond `limit` bytes is JERR_OUT_OF_MEMORY. False when memory is short; nothing has changed then.
bool cjpeg_memory_install(j_decompress_ptr jpeg, size_t limit);
