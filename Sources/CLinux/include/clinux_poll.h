#pragma once

#include <stddef.h>
#include <stdint.h>

/// The layout of `struct pollfd`.
struct clinux_poll {
    int fd;
    short events;
    short revents;
};

static const short clinux_poll_in = 0x001;
static const short clinux_poll_out = 0x004;
static const short clinux_poll_error = 0x008;
static const short clinux_poll_hangup = 0x010;

/// Waits until a descriptor is ready, at most `timeout_ns` (negative: for ever). `ready` is 0 after the timeout.
/// EINTR is returned as it comes.
int clinux_poll_wait(struct clinux_poll *_Nullable descriptors, size_t count, int64_t timeout_ns, int *_Nonnull ready);

/// Waits until one of two descriptors is readable or has hung up, at most `timeout_ns` (negative: for ever). -1 stands
/// for no descriptor. A signal ends the wait with neither ready.
int clinux_wait_readable(
    int first, int second, int64_t timeout_ns, _Bool *_Nonnull first_ready, _Bool *_Nonnull second_ready);

/// An eventfd: any thread makes it readable, its owner waits for it with poll.
int clinux_event_create(int *_Nonnull fd);
void clinux_event_signal(int fd);
void clinux_event_clear(int fd);
