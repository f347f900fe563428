#define _GNU_SOURCE
#include "clinux_watch.h"
#include "results.h"

#include <sys/inotify.h>

int clinux_watch_directory(const char *path, int *fd) {
    *fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (*fd < 0) return errno;
    if (inotify_add_watch(*fd, path, IN_CREATE | IN_DELETE | IN_ATTRIB | IN_MOVED_TO | IN_ONLYDIR) >= 0) return 0;
    return close_with(errno, fd);
}

void clinux_watch_clear(int fd) {
    char events[4096];
    // The kernel's own queue is bounded, and so is what a flood of events costs here: the rest is read next time.
    for (int i = 0; i < 16 && read(fd, events, sizeof events) > 0; i++) {}
}
