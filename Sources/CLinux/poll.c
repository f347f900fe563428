#define _GNU_SOURCE
#include "clinux_poll.h"
#include "results.h"

#include <poll.h>
#include <sys/eventfd.h>

_Static_assert(sizeof(struct clinux_poll) == sizeof(struct pollfd), "clinux_poll mirrors struct pollfd");
_Static_assert(offsetof(struct clinux_poll, revents) == offsetof(struct pollfd, revents), "clinux_poll mirrors pollfd");
_Static_assert(POLLIN == 0x001 && POLLOUT == 0x004 && POLLERR == 0x008 && POLLHUP == 0x010, "poll's bits");

int clinux_poll_wait(struct clinux_poll *descriptors, size_t count, int64_t timeout_ns, int *ready) {
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    *ready = ppoll((struct pollfd *)descriptors, count, timeout_ns < 0 ? NULL : &timeout, NULL);
    if (*ready >= 0) return 0;
    *ready = 0;
    return errno;
}

int clinux_wait_readable(int first, int second, int64_t timeout_ns, _Bool *first_ready, _Bool *second_ready) {
    struct clinux_poll descriptors[] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
    int ready;
    int error = clinux_poll_wait(descriptors, 2, timeout_ns, &ready);
    *first_ready = descriptors[0].revents != 0;
    *second_ready = descriptors[1].revents != 0;
    return error == EINTR ? 0 : error;
}

int clinux_event_create(int *fd) { return descriptor_of(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), fd); }

// The only failures of a non-blocking eventfd mean that it is readable already, or not.
void clinux_event_signal(int fd) { (void)eventfd_write(fd, 1); }

void clinux_event_clear(int fd) {
    eventfd_t value;
    (void)eventfd_read(fd, &value);
}
