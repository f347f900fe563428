#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Whether stderr is systemd's journal (JOURNAL_STREAM names the very stream that stderr is).
bool clinux_stderr_is_journal(void);

/// Writes all bytes to a file descriptor, retrying after signals and short writes.
int clinux_write_all(int fd, const void *_Nonnull bytes, size_t count);
