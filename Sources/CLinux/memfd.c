#define _GNU_SOURCE
#include "clinux_memfd.h"
#include "results.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static const int seals = F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_GROW;

int clinux_memfd_create(const char *name, int *fd) {
    *fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*fd < 0) return errno;
    return fchmod(*fd, 0400) == 0 ? 0 : close_with(errno, fd);
}

int clinux_memfd_cut(int fd, uint64_t size) { return result_of(ftruncate(fd, (off_t)size)); }

int clinux_memfd_write(int fd, const void *bytes, size_t count, uint64_t offset) {
    const char *next = bytes;
    while (count > 0) {
        const ssize_t written = TEMP_FAILURE_RETRY(pwrite(fd, next, count, (off_t)offset));
        if (written < 0) return errno;
        next += written;
        offset += (uint64_t)written;
        count -= (size_t)written;
    }
    return 0;
}

int clinux_memfd_seal(int fd) { return result_of(fcntl(fd, F_ADD_SEALS, seals)); }

bool clinux_memfd_is_sealed(int fd) {
    const int found = fcntl(fd, F_GET_SEALS);
    return found >= 0 && (found & seals) == seals;
}

int clinux_duplicate(int fd, int *copy) { return descriptor_of(fcntl(fd, F_DUPFD_CLOEXEC, 0), copy); }

int clinux_memfd_reopen(int fd, int *reader) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return descriptor_of(open(path, O_RDONLY | O_CLOEXEC), reader);
}
