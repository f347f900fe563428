#define _GNU_SOURCE
#include "clinux_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(AT_FDCWD == -100, "clinux_working_folder is AT_FDCWD");

int clinux_open_read(int folder, const char *path, int *fd) {
    *fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return *fd < 0 ? errno : 0;
}

int clinux_close(int fd) { return close(fd) == 0 ? 0 : errno; }

static void translate(const struct stat *from, struct clinux_file_status *to) {
    mode_t mode = from->st_mode;
    to->kind = S_ISREG(mode)                     ? CLINUX_FILE_REGULAR
        : S_ISDIR(mode)                          ? CLINUX_FILE_FOLDER
        : S_ISFIFO(mode) || S_ISCHR(mode)        ? CLINUX_FILE_STREAM
        : S_ISSOCK(mode)                         ? CLINUX_FILE_SOCKET
                                                 : CLINUX_FILE_OTHER;
    to->size = (uint64_t)from->st_size;
    to->device = from->st_dev;
    to->inode = from->st_ino;
}

int clinux_status(int fd, struct clinux_file_status *status) {
    struct stat found;
    if (fstat(fd, &found) != 0) return errno;
    translate(&found, status);
    return 0;
}

int clinux_path_status(const char *path, struct clinux_file_status *status) {
    struct stat found;
    if (lstat(path, &found) != 0) return errno;
    translate(&found, status);
    return 0;
}

int clinux_status_at(int folder, const char *path, struct clinux_file_status *status) {
    struct stat found;
    if (fstatat(folder, path, &found, 0) != 0) return errno;
    translate(&found, status);
    return 0;
}

int clinux_read(int fd, void *bytes, size_t count, size_t *got) {
    ssize_t result;
    do {
        result = read(fd, bytes, count);
    } while (result < 0 && errno == EINTR);
    *got = result < 0 ? 0 : (size_t)result;
    return result < 0 ? errno : 0;
}

int clinux_rewind(int fd) { return lseek(fd, 0, SEEK_SET) < 0 ? errno : 0; }
int clinux_unlink(const char *path) { return unlink(path) == 0 ? 0 : errno; }

int clinux_folder_open(int fd, void **listing) {
    *listing = NULL;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return errno;
    *listing = fdopendir(copy);
    if (*listing != NULL) return 0;
    int error = errno;
    close(copy);
    return error;
}

int clinux_read_link(const char *path, char *target, size_t capacity) {
    ssize_t count = readlink(path, target, capacity);
    if (count < 0) return errno;
    if ((size_t)count >= capacity) return ENAMETOOLONG;
    target[count] = 0;
    return 0;
}

int clinux_folder_next(void *listing, const char **name) {
    errno = 0;
    const struct dirent *entry = readdir(listing);
    *name = entry == NULL ? NULL : entry->d_name;
    return entry == NULL ? errno : 0;
}

void clinux_folder_close(void *listing) { closedir(listing); }
