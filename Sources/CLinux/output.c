#define _GNU_SOURCE
#include "clinux_output.h"
#include "clinux_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_and_close(int fd, const void *bytes, size_t count) {
    const int error = count ? clinux_write_all(fd, bytes, count) : 0;
    // A full disk may show only here.
    if (close(fd) != 0 && !error) return errno;
    return error;
}

// Creates a file of a name that is free, beside `path`.
static int create_beside(const char *path, char *name, size_t size, int *fd) {
    const char *slash = strrchr(path, '/');
    const int folder = slash == NULL ? 0 : (int)(slash - path) + 1;
    for (int tries = 0; tries < 100; tries++) {
        const int length = snprintf(name, size, "%.*s.swiftlet-%ld-%d", folder, path, (long)getpid(), tries);
        if (length < 0 || (size_t)length >= size) return ENAMETOOLONG;
        *fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

int clinux_write_file(const char *path, const void *bytes, size_t count) {
    struct stat status;
    int fd;
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        fd = open(path, O_WRONLY | O_CLOEXEC);
        return fd < 0 ? errno : write_and_close(fd, bytes, count);
    }
    char name[PATH_MAX];
    int error = create_beside(path, name, sizeof name, &fd);
    if (error) return error;
    error = write_and_close(fd, bytes, count);
    if (!error && rename(name, path) != 0) error = errno;
    if (error) unlink(name);
    return error;
}

int clinux_make_folder(const char *path) {
    if (mkdir(path, 0777) == 0) return 0;
    const int error = errno;
    struct stat status;
    if (error != EEXIST || stat(path, &status) != 0) return error;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

int clinux_replace_file(const char *path, const void *bytes, size_t count, unsigned mode) {
    char name[PATH_MAX];
    const int length = snprintf(name, sizeof name, "%s.tmp", path);
    if (length < 0 || (size_t)length >= sizeof name) return ENAMETOOLONG;
    const int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return errno;
    // The process's mask does not hold for what others are meant to read.
    int error = fchmod(fd, mode) == 0 ? clinux_write_all(fd, bytes, count) : errno;
    if (!error && fsync(fd) != 0) error = errno;
    if (close(fd) != 0 && !error) error = errno;
    if (!error && rename(name, path) != 0) error = errno;
    if (error) unlink(name);
    return error;
}
