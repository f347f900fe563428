#pragma once

#include <stdbool.h>
#include <stddef.h>

// Files that take their name only when they are complete. A program that links this ignores SIGXFSZ from its start on:
// beyond a limit on the size of files a write gives EFBIG, as a full disk gives ENOSPC.

/// Bytes of a path with its terminating null.
enum { clinux_path_capacity = 4096 };

/// Where a file of the name `path` lies once links are followed, the last of which may lead to nothing yet. ELOOP,
/// ENAMETOOLONG, what lstat or readlink said, or EACCES for an unwritable file there.
int clinux_output_target(const char *_Nonnull path, char *_Nonnull target);

/// Creates a file in the directory of `target`, with the mode and, where that is allowed, the owner of the file there, or
/// with mode 0666 less the process's mask. It has no name where the filesystem can
/// do that, so that nothing is left of a process that is killed, and `name` is empty; otherwise it is a new one beside
/// `target`.
int clinux_output_create(const char *_Nonnull target, char *_Nonnull name, int *_Nonnull fd);
/// Brings the bytes to the disk and gives them the name `target`. Closes `fd` in any case; nothing is left on failure.
int clinux_output_commit(int fd, char *_Nonnull name, const char *_Nonnull target);
/// Closes `fd` and removes what was written.
void clinux_output_discard(int fd, const char *_Nonnull name);
/// Opens for writing what is no regular file: a device or a pipe, without waiting for a reader (ENXIO).
int clinux_output_open_stream(const char *_Nonnull path, int *_Nonnull fd);

/// Creates a directory (mode 0777 less the process's mask); one that exists is fine. ENOTDIR where the name is something
/// else, otherwise what mkdir said.
int clinux_make_directory(const char *_Nonnull path);

/// Replaces the file or link `path` by these bytes with the mode `mode` in those steps, or leaves it as it was. Allocates
/// nothing. ENODEV where the name is a pipe, device or socket, otherwise what a step said.
int clinux_replace_file(const char *_Nonnull path, const void *_Nonnull bytes, size_t count, unsigned mode);

/// Opens a file for `clinux_append`, or makes it, and tells how long it is. ENODEV where the name is no regular file.
int clinux_append_open(const char *_Nonnull path, int *_Nonnull fd, size_t *_Nonnull size);
/// Adds all bytes or none.
int clinux_append(int fd, const void *_Nonnull bytes, size_t count);
int clinux_rename(const char *_Nonnull from, const char *_Nonnull to);
