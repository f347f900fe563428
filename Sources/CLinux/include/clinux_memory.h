#pragma once

#include <stdbool.h>
#include <stddef.h>

/// For the start of a program, before its first thread: no huge pages, whose first byte costs 2 MiB, and one heap for all
/// threads instead of one each.
void clinux_save_memory(void);

/// Maps zeroed private memory, aligned to a page. With `populate` every page is faulted in before this returns;
/// otherwise a page costs memory from its first use on.
int clinux_map_anonymous(size_t size, bool populate, void *_Nullable *_Nonnull address);

/// Lets the system take the pages of a mapped file from memory: what is needed again is read again.
void clinux_forget(const void *_Nullable address, size_t size);

/// Gives back the whole pages in a part of an anonymous mapping: they cost nothing until they are used again, and are
/// zero then.
void clinux_give_back(void *_Nullable address, size_t size);

/// Faults the pages of a fresh anonymous mapping in.
void clinux_populate(void *_Nonnull address, size_t size);

/// Gives free memory of the heap back to the system.
void clinux_trim_heap(void);

/// Whether `count` bytes of address space are available: mapped, and given back at once.
bool clinux_can_map(size_t size);
/// Gives a mapping back. A null address with size 0 is fine.
int clinux_unmap(const void *_Nullable address, size_t size);

/// memcpy: what does not overlap.
void clinux_copy(void *_Nonnull to, const void *_Nonnull from, size_t count);

/// memchr: the offset of the first `byte`, or `count`.
size_t clinux_find_byte(const void *_Nonnull bytes, size_t count, unsigned char byte);
