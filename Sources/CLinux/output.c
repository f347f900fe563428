#define _GNU_SOURCE
#include "clinux_output.h"
#include "clinux_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int clinux_write_file(const char *path, const void *bytes, size_t count) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return errno;
    const int error = count ? clinux_write_all(fd, bytes, count) : 0;
    // A full disk may show only here.
    if (close(fd) != 0 && !error) return errno;
    return error;
}

int clinux_make_folder(const char *path) {
    if (mkdir(path, 0777) == 0) return 0;
    const int error = errno;
    struct stat status;
    if (error != EEXIST || stat(path, &status) != 0) return error;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}
