#pragma once

#include <stddef.h>

/// Bytes of a Unix socket's path, without the terminating null.
static const size_t clinux_unix_path_limit = 107;

/// A non-blocking listener (AF_UNIX, SOCK_STREAM) with the file mode `mode`. ENAMETOOLONG, EADDRINUSE when the name
/// exists, otherwise what socket, bind, chmod or listen said.
int clinux_unix_listen(const char *_Nonnull path, unsigned mode, int backlog, int *_Nonnull fd);
/// Locks the folder of a socket's path against others who call this, until `fd` is closed. EAGAIN when another has held
/// the lock for a second, ENAMETOOLONG, otherwise what open or flock said.
int clinux_unix_lock_folder(const char *_Nonnull path, int *_Nonnull fd);
/// A non-blocking connection. EAGAIN when the listener's queue is full, ECONNREFUSED when nobody listens.
int clinux_unix_connect(const char *_Nonnull path, int *_Nonnull fd);
/// Takes the next waiting client, non-blocking, with about `send_buffer` bytes of kernel memory for what it has not
/// read. EAGAIN when none waits.
int clinux_accept(int listener, int send_buffer, int *_Nonnull fd);

/// Never blocks and never raises SIGPIPE. EAGAIN when nothing could be sent.
int clinux_send(int fd, const void *_Nonnull bytes, size_t count, size_t *_Nonnull sent);
/// Never blocks. `got` is 0 when the peer has closed. EAGAIN when nothing is there.
int clinux_receive(int fd, void *_Nonnull bytes, size_t count, size_t *_Nonnull got);
