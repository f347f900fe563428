#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jpeglib.h>

/// Gives a decoder a memory manager that takes one mapping and no more: the memory of an image is used again for the
/// next. libjpeg's own goes to malloc and back for every image.
///
/// It takes the place of the manager that jpeg_create_decompress made, and ends it with itself. What an image needs
/// beyond `limit` bytes is JERR_OUT_OF_MEMORY. False when memory is short; nothing has changed then.
bool cjpeg_memory_install(j_decompress_ptr jpeg, size_t limit);

/// Bounds what the image may take from here on, with what it has taken; the whole memory again for the next image.
void cjpeg_memory_allow(j_decompress_ptr jpeg, size_t limit);

/// Makes all quantisation and Huffman tables undefined, as in a decoder that has seen no image: libjpeg keeps them
/// from one image to the next. The tables themselves are used again for those that the next image defines.
void cjpeg_memory_forget_tables(j_decompress_ptr jpeg);
