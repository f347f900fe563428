#pragma once

#include <stddef.h>

/// Writes a file, replacing what was there: mode 0666 less the process's mask. Not atomic.
int clinux_write_file(const char *_Nonnull path, const void *_Nullable bytes, size_t count);

/// Creates a folder (mode 0777 less the process's mask); one that exists is fine. ENOTDIR where the name is something
/// else, otherwise what mkdir said.
int clinux_make_folder(const char *_Nonnull path);
