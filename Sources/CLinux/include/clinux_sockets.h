#pragma once

#include <stddef.h>
#include <stdint.h>

/// Bytes of a Unix socket's path, without the terminating null.
static const size_t clinux_unix_path_limit = 107;

/// A non-blocking listener (AF_UNIX, SOCK_STREAM) with the file mode `mode`, and the group `group` where that is not
/// negative and the process may set it. It has its name, where that leaves room for a longer one, only once it listens:
/// clients that wait for the file may connect then. ENAMETOOLONG, EADDRINUSE when the name exists, otherwise what socket,
/// bind, chmod, listen or link said.
int clinux_unix_listen(const char *_Nonnull path, unsigned mode, int64_t group, int backlog, int *_Nonnull fd);
/// A group's number, or -1 where there is no such group. Allocates.
int64_t clinux_group(const char *_Nonnull name);
/// The listening Unix stream socket that LISTEN_PID and LISTEN_FDS promise, made non-blocking and kept from children;
/// -1 without an error when they promise nothing to this process. The variables are taken out of the environment.
/// EINVAL when it is another number of descriptors or another kind of one.
int clinux_inherited_listener(int *_Nonnull fd);
/// Locks the directory of a socket's path against others who call this, until `fd` is closed. EAGAIN when another has held
/// the lock for a second, as anybody may who can read the directory; ENAMETOOLONG, otherwise what open or flock said.
int clinux_unix_lock_directory(const char *_Nonnull path, int *_Nonnull fd);
/// A non-blocking connection. EAGAIN when the listener's queue is full, ECONNREFUSED when nothing listens.
int clinux_unix_connect(const char *_Nonnull path, int *_Nonnull fd);
/// Takes the next waiting client, non-blocking, with about `send_buffer` bytes of kernel memory for what it has not
/// read. EAGAIN when none waits.
int clinux_accept(int listener, int send_buffer, int *_Nonnull fd);

/// Changes how many bytes the kernel keeps for what the peer has not read.
int clinux_set_send_buffer(int fd, int bytes);
/// The peer can send nothing more; what it has sent can still be received.
void clinux_stop_receiving(int fd);

/// Never blocks and never raises SIGPIPE. EAGAIN when nothing could be sent.
int clinux_send(int fd, const void *_Nonnull bytes, size_t count, size_t *_Nonnull sent);
/// Never blocks. `got` is 0 when the peer has closed. EAGAIN when nothing is there.
int clinux_receive(int fd, void *_Nonnull bytes, size_t count, size_t *_Nonnull got);

/// The same with another descriptor beside the bytes (SCM_RIGHTS), which the peer gets with the first of them. Once a
/// byte is sent, so is the descriptor. ETOOMANYREFS when too many descriptors are under way.
int clinux_send_descriptor(int fd, const void *_Nonnull bytes, size_t count, int descriptor, size_t *_Nonnull sent);
/// clinux_receive, and the descriptor that came beside the bytes or -1. Of several the first; the others are closed.
int clinux_receive_descriptor(
    int fd, void *_Nonnull bytes, size_t count, size_t *_Nonnull got, int *_Nonnull descriptor);
/// Whether the peer has received everything that was sent to it. True also where the system does not say.
_Bool clinux_peer_has_received_all(int fd);
