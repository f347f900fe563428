#define _GNU_SOURCE
#include "clinux_log.h"
#include "clinux_poll.h"
#include "results.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

bool clinux_stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(2, &status) == 0 &&
        status.st_dev == device && status.st_ino == inode;
}

int clinux_write_all(int fd, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        const ssize_t written = TEMP_FAILURE_RETRY(write(fd, next, count));
        if (written < 0) return errno;
        next += written;
        count -= (size_t)written;
    }
    return 0;
}

int clinux_open_unwaiting(int fd) {
    struct stat status;
    // A file has its position with the descriptor and takes bytes always; a socket is told with each of its sends.
    if (fstat(fd, &status) != 0 || (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode))) return fd;
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    // Not by F_SETFL: other users of the pipe or the terminal would not wait any more either.
    const int mine = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return mine < 0 ? fd : mine;
}

int clinux_write_now(int fd, const void *bytes, size_t count, size_t *written) {
    *written = 0;
    ssize_t result;
    do {
        result = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (result >= 0 || errno != ENOTSOCK) continue;
        // For a descriptor that waits: what has room now takes a line without waiting.
        struct clinux_poll room = {fd, clinux_poll_out, 0};
        int ready;
        if (clinux_poll_wait(&room, 1, 0, &ready) != 0 || ready == 0) return EAGAIN;
        result = write(fd, bytes, count < PIPE_BUF ? count : PIPE_BUF);
    } while (result < 0 && errno == EINTR);
    return count_of(result, written);
}
