#define _GNU_SOURCE
#include "clinux_notify.h"
#include "results.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int clinux_notify(const char *text, size_t count) {
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL) return ENOENT;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(path);
    if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return EINVAL;
    memcpy(address.sun_path, path, length);
    // A name in the abstract namespace begins with a null.
    if (path[0] == '@') address.sun_path[0] = 0;
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    const ssize_t sent = TEMP_FAILURE_RETRY(
        sendto(fd, text, count, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, size));
    const int error = sent < 0 ? errno : 0;
    close(fd);
    return error;
}

uint64_t clinux_watchdog_ns(void) {
    const char *process = getenv("WATCHDOG_PID"), *period = getenv("WATCHDOG_USEC");
    if (period == NULL || (process != NULL && strtol(process, NULL, 10) != (long)getpid())) return 0;
    const unsigned long long microseconds = strtoull(period, NULL, 10);
    return microseconds > UINT64_MAX / 1000 ? 0 : microseconds * 1000;
}
