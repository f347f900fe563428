#pragma once

#include <stddef.h>
#include <stdint.h>

enum clinux_file_kind {
    CLINUX_FILE_REGULAR,
    CLINUX_FILE_DIRECTORY,
    /// A FIFO or a character device but a video device: bytes come when they come and there is no way back.
    CLINUX_FILE_STREAM,
    CLINUX_FILE_SOCKET,
    CLINUX_FILE_OTHER,
};

struct clinux_file_status {
    enum clinux_file_kind kind;
    uint64_t size;
    uint64_t device;
    uint64_t inode;
    /// Nanoseconds since 1970.
    uint64_t modified;
};

/// The `directory` of clinux_open_read that stands for the working directory.
static const int clinux_working_directory = -100;

/// Opens for reading, relative to a directory's descriptor. Never waits: a FIFO opens before it has a writer.
int clinux_open_read(int directory, const char *_Nonnull path, int *_Nonnull fd);
int clinux_close(int fd);

int clinux_status(int fd, struct clinux_file_status *_Nonnull status);
/// The status of the name itself: a symbolic link is CLINUX_FILE_OTHER.
int clinux_path_status(const char *_Nonnull path, struct clinux_file_status *_Nonnull status);

/// The status of what a name stands for, relative to a directory's descriptor; symbolic links are followed.
int clinux_status_at(int directory, const char *_Nonnull path, struct clinux_file_status *_Nonnull status);

/// Whether the process may make files in a directory: 0, or ENOENT, EACCES, EROFS, and ENOTDIR where `path` ends with "/."
/// and what stands before it is no directory.
int clinux_directory_takes_files(const char *_Nonnull path);

/// One read, retried after a signal. `got` is 0 at the end of the file. EAGAIN: nothing there yet.
int clinux_read(int fd, void *_Nonnull bytes, size_t count, size_t *_Nonnull got);
/// Reads up to `count` bytes at `offset`, which does not move the position. `got` is 0 at the end of the file.
int clinux_read_at(int fd, void *_Nonnull bytes, size_t count, uint64_t offset, size_t *_Nonnull got);
/// Reads a regular file from its first byte to its last into private memory, which clinux_unmap gives back: `size` bytes
/// at `address`, null where there are none. EISDIR for a directory, ENODEV for what else is no regular file, EFBIG where it
/// has more than `limit` bytes, ESTALE where it was written to meanwhile, ENOMEM, or what fstat or read said.
int clinux_read_file(int fd, size_t limit, void *_Nullable *_Nonnull address, size_t *_Nonnull size);
/// Back to the first byte.
int clinux_rewind(int fd);
int clinux_unlink(const char *_Nonnull path);
/// The target of a symbolic link, null-terminated. ENAMETOOLONG where it does not fit.
int clinux_read_link(const char *_Nonnull path, char *_Nonnull target, size_t capacity);

/// Lists a directory in the system's order. The listing takes its own copy of the descriptor; libc allocates its buffer.
int clinux_directory_open(int fd, void *_Nullable *_Nonnull listing);
/// `name` is valid until the next call and null at the end.
int clinux_directory_next(void *_Nonnull listing, const char *_Nullable *_Nonnull name);
void clinux_directory_close(void *_Nonnull listing);
