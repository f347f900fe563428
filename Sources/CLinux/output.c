#define _GNU_SOURCE
#include "clinux_output.h"
#include "clinux_log.h"
#include "results.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert(clinux_path_capacity == PATH_MAX, "PATH_MAX");

// For every program, before its first line: what must not be forgotten anywhere is not left to be called.
__attribute__((constructor)) static void ignore_file_size_signal(void) { signal(SIGXFSZ, SIG_IGN); }

// A standard descriptor that is closed must not become a file's or a client's, into which the log or the results would be
// written: what takes its place still fails with EBADF.
__attribute__((constructor)) static void hold_standard_descriptors(void) {
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0) return;
}

// Bytes of a path up to its last slash, with it.
static int directory_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (int)(slash - path) + 1;
}

int clinux_output_target(const char *path, char *target) {
    if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
    strcpy(target, path);
    // As many links as the kernel follows.
    for (int links = 0; links <= 40; links++) {
        struct stat status;
        if (lstat(target, &status) != 0) return errno == ENOENT ? 0 : errno;
        // Renaming asks for no more than the directory's permission: a file that is protected stays as it is.
        if (S_ISREG(status.st_mode) && access(target, W_OK) != 0) return errno;
        if (!S_ISLNK(status.st_mode)) return 0;
        char link[PATH_MAX];
        const ssize_t count = readlink(target, link, sizeof link);
        if (count < 0) return errno;
        const int directory = link[0] == '/' ? 0 : directory_length(target);
        if (directory + count >= PATH_MAX) return ENAMETOOLONG;
        memcpy(target + directory, link, (size_t)count);
        target[directory + count] = 0;
    }
    return ELOOP;
}

static int name_beside(const char *target, int tries, char *name) {
    const int length = snprintf(
        name, PATH_MAX, "%.*s.swiftlet-%ld-%d", directory_length(target), target, (long)getpid(), tries);
    return length < 0 || length >= PATH_MAX ? ENAMETOOLONG : 0;
}

enum { max_tries = 100 };

// Who could not read the old file must not read the new one. Only root can give files away.
static void take_permissions(int fd, const char *target) {
    struct stat old;
    if (stat(target, &old) != 0 || !S_ISREG(old.st_mode)) return;
    const int given = fchown(fd, old.st_uid, old.st_gid);
    (void)given;
    const int set = fchmod(fd, old.st_mode & 0777);
    (void)set;
}

static int create(const char *target, char *name, int *fd) {
    char directory[PATH_MAX], own[32];
    snprintf(directory, sizeof directory, "%.*s.", directory_length(target), target);
    name[0] = 0;
    *fd = open(directory, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
    if (*fd >= 0) {
        // What gives it its name later needs /proc.
        snprintf(own, sizeof own, "/proc/self/fd/%d", *fd);
        if (access(own, F_OK) == 0) return 0;
        close(*fd);
    }
    for (int tries = 0; tries < max_tries; tries++) {
        const int error = name_beside(target, tries, name);
        if (error) return error;
        *fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (*fd >= 0) return 0;
        if (errno != EEXIST) return errno;
    }
    return EEXIST;
}

int clinux_output_create(const char *target, char *name, int *fd) {
    const int error = create(target, name, fd);
    if (!error) take_permissions(*fd, target);
    return error;
}

static int give_name(int fd, const char *target, char *name) {
    char own[32];
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    for (int tries = 0; tries < max_tries; tries++) {
        const int error = name_beside(target, tries, name);
        if (error) return error;
        if (linkat(AT_FDCWD, own, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0) return 0;
        const int failure = errno;
        name[0] = 0;
        if (failure != EEXIST) return failure;
    }
    return EEXIST;
}

int clinux_output_commit(int fd, char *name, const char *target) {
    int error = fsync(fd) == 0 ? 0 : errno;
    if (!error && !name[0]) error = give_name(fd, target, name);
    // A full disk may show only here.
    if (close(fd) != 0 && !error) error = errno;
    if (!error && rename(name, target) != 0) error = errno;
    if (error && name[0]) unlink(name);
    return error;
}

void clinux_output_discard(int fd, const char *name) {
    close(fd);
    if (name[0]) unlink(name);
}

int clinux_output_open_stream(const char *path, int *fd) {
    *fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (*fd < 0) return errno;
    // A reader may be slow.
    const int flags = fcntl(*fd, F_GETFL);
    return flags >= 0 && fcntl(*fd, F_SETFL, flags & ~O_NONBLOCK) == 0 ? 0 : close_with(errno, fd);
}

int clinux_make_directory(const char *path) {
    if (mkdir(path, 0777) == 0) return 0;
    const int error = errno;
    struct stat status;
    if (error != EEXIST || stat(path, &status) != 0) return error;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

int clinux_replace_file(const char *path, const void *bytes, size_t count, unsigned mode) {
    char name[PATH_MAX];
    struct stat status;
    int fd;
    // The directory may be one to which others write: a link of theirs is replaced, not followed.
    if (lstat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
        return S_ISDIR(status.st_mode) ? EISDIR : ENODEV;
    if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
    int error = clinux_output_create(path, name, &fd);
    if (error) return error;
    // The process's mask does not apply to what others are meant to read.
    error = fchmod(fd, mode) == 0 ? clinux_write_all(fd, bytes, count) : errno;
    if (!error) return clinux_output_commit(fd, name, path);
    clinux_output_discard(fd, name);
    return error;
}

int clinux_append_open(const char *path, int *fd, size_t *size) {
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0666);
    if (*fd < 0) return errno == ENXIO ? ENODEV : errno;
    struct stat status;
    const int error = fstat(*fd, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : ENODEV;
    *size = error ? 0 : (size_t)status.st_size;
    return error ? close_with(error, fd) : 0;
}

int clinux_append(int fd, const void *bytes, size_t count) {
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end < 0) return errno;
    const int error = clinux_write_all(fd, bytes, count);
    // What is cut can be written again.
    if (error && ftruncate(fd, end) != 0) return errno;
    return error;
}

int clinux_rename(const char *from, const char *to) { return result_of(rename(from, to)); }
