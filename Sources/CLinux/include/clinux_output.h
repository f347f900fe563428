#pragma once

#include <stddef.h>

/// Writes a file: mode 0666 less the process's mask. A regular file that was there, or a link to one, is replaced once
/// all bytes are written, and stays as it was when that fails. Anything else that was there (a device, a pipe) is
/// written to.
int clinux_write_file(const char *_Nonnull path, const void *_Nullable bytes, size_t count);

/// Creates a folder (mode 0777 less the process's mask); one that exists is fine. ENOTDIR where the name is something
/// else, otherwise what mkdir said.
int clinux_make_folder(const char *_Nonnull path);

/// Replaces the file `path` by these bytes with the mode `mode`, or leaves it as it was. The bytes go to `path`.tmp
/// first, are on the disk before that takes the name, and what an earlier process left under that name is overwritten.
/// One writer at a time. What open, write, fsync or rename said.
int clinux_replace_file(
    const char *_Nonnull path, const void *_Nonnull bytes, size_t count, unsigned mode);
