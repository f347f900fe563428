#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Files that live in memory and go from one process to another as descriptors (memfd_create(2)).

/// An empty file that can be sealed. Only its maker may open it again for writing: mode 0400.
int clinux_memfd_create(const char *_Nonnull name, int *_Nonnull fd);
/// Cuts the file to `size` bytes: what lies beyond costs no memory any more, even where it is open or mapped.
int clinux_memfd_cut(int fd, uint64_t size);
/// Writes all bytes at `offset`. ENOSPC or ENOMEM where memory is short.
int clinux_memfd_write(int fd, const void *_Nonnull bytes, size_t count, uint64_t offset);
/// From here on no process can change a byte, make the file longer or take these seals away. Its maker can still cut it.
int clinux_memfd_seal(int fd);
/// Whether a file is sealed so. A file of another kind is not.
bool clinux_memfd_is_sealed(int fd);
/// One descriptor more of the same open file.
int clinux_duplicate(int fd, int *_Nonnull copy);
/// Another descriptor of the file, with a position of its own and without the right to write.
int clinux_memfd_reopen(int fd, int *_Nonnull reader);
