#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Whether stderr is systemd's journal (JOURNAL_STREAM names the very stream that stderr is).
bool clinux_stderr_is_journal(void);

/// Writes all bytes to a file descriptor, retrying after signals and short writes.
int clinux_write_all(int fd, const void *_Nonnull bytes, size_t count);

/// The descriptor to write to in place of `fd` so that `clinux_write_now` never waits: another one of the same pipe or
/// terminal where the system allows that, `fd` itself otherwise.
int clinux_open_unwaiting(int fd);
/// Writes as much of at most 4096 bytes as goes at once; of a pipe all or nothing. EAGAIN when nothing does.
int clinux_write_now(int fd, const void *_Nonnull bytes, size_t count, size_t *_Nonnull written);
