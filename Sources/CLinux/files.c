#define _GNU_SOURCE
#include "clinux_files.h"
#include "results.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

_Static_assert(AT_FDCWD == -100, "clinux_working_directory is AT_FDCWD");

int clinux_open_read(int directory, const char *path, int *fd) {
    return descriptor_of(openat(directory, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), fd);
}

int clinux_close(int fd) { return result_of(close(fd)); }

static int translate(int result, const struct stat *from, struct clinux_file_status *to) {
    if (result < 0) return errno;
    mode_t mode = from->st_mode;
    // By the kernel's list of devices, video capture has a number of its own; cameras that tests play have none.
    const int is_video = major(from->st_rdev) == 81 || major(from->st_rdev) == 0;
    to->kind = S_ISREG(mode)                             ? CLINUX_FILE_REGULAR
        : S_ISDIR(mode)                                  ? CLINUX_FILE_DIRECTORY
        : S_ISFIFO(mode) || (S_ISCHR(mode) && !is_video) ? CLINUX_FILE_STREAM
        : S_ISSOCK(mode)                                 ? CLINUX_FILE_SOCKET
                                                         : CLINUX_FILE_OTHER;
    to->size = (uint64_t)from->st_size;
    to->device = from->st_dev;
    to->inode = from->st_ino;
    to->modified = nanoseconds_of(from->st_mtim);
    return 0;
}

int clinux_status(int fd, struct clinux_file_status *status) {
    struct stat found;
    return translate(fstat(fd, &found), &found, status);
}

int clinux_path_status(const char *path, struct clinux_file_status *status) {
    struct stat found;
    return translate(lstat(path, &found), &found, status);
}

int clinux_status_at(int directory, const char *path, struct clinux_file_status *status) {
    struct stat found;
    return translate(fstatat(directory, path, &found, 0), &found, status);
}

int clinux_directory_takes_files(const char *path) { return result_of(access(path, W_OK | X_OK)); }

int clinux_read(int fd, void *bytes, size_t count, size_t *got) {
    return count_of(TEMP_FAILURE_RETRY(read(fd, bytes, count)), got);
}

int clinux_read_at(int fd, void *bytes, size_t count, uint64_t offset, size_t *got) {
    return count_of(TEMP_FAILURE_RETRY(pread(fd, bytes, count, (off_t)offset)), got);
}

// Enough for files whose size the system does not tell.
enum { unknown_size = 65536 };

// /proc does not: it makes a file's text when that is read, and another one the next time.
static bool tells_sizes(int fd) {
    struct statfs system;
    return fstatfs(fd, &system) != 0 || system.f_type != PROC_SUPER_MAGIC;
}

static bool is_same(const struct stat *before, const struct stat *after) {
    return before->st_size == after->st_size && before->st_mtim.tv_sec == after->st_mtim.tv_sec &&
        before->st_mtim.tv_nsec == after->st_mtim.tv_nsec;
}

// Whether another write may leave the time as it is: it moves in ticks of up to 10 ms, of two seconds on FAT.
static bool was_just_written(const struct stat *status) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return status->st_mtim.tv_sec + 3 > now.tv_sec;
}

// Whether the file still contains these bytes and no more.
static int compare(int fd, const char *bytes, size_t count) {
    char again[4096];
    size_t got = 0;
    int error = clinux_rewind(fd);
    for (size_t done = 0; !error; done += got) {
        error = clinux_read(fd, again, sizeof again, &got);
        if (error || (got == 0 && done == count)) break;
        if (got == 0 || got > count - done || memcmp(again, bytes + done, got) != 0) return ESTALE;
    }
    return error;
}

int clinux_read_file(int fd, size_t limit, void **address, size_t *size) {
    struct stat before, after;
    *address = NULL;
    *size = 0;
    if (fstat(fd, &before) != 0) return errno;
    if (!S_ISREG(before.st_mode)) return S_ISDIR(before.st_mode) ? EISDIR : ENODEV;
    if ((uint64_t)before.st_size > limit) return EFBIG;
    const bool is_fresh = was_just_written(&before);
    const size_t told = (size_t)before.st_size;
    const bool is_told = told > 0 || tells_sizes(fd);
    // One more than may be there: only the end of the file ends it.
    const size_t capacity = (is_told ? told : limit < unknown_size ? limit : unknown_size) + 1;
    char *bytes = mmap(NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) return errno;
    size_t count = 0, got = 0;
    int error = clinux_rewind(fd);
    while (!error && count < capacity) {
        error = clinux_read(fd, bytes + count, capacity - count, &got);
        if (error || got == 0) break;
        count += got;
    }
    if (!error && is_told && is_fresh) error = compare(fd, bytes, count);
    if (!error && fstat(fd, &after) != 0) error = errno;
    if (!error && is_told && (count != told || !is_same(&before, &after))) error = ESTALE;
    if (!error && count == capacity) error = EFBIG;
    if (error || count == 0) {
        munmap(bytes, capacity);
        return error;
    }
    // What is given back by its count must not leave a page behind.
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), used = (count + page - 1) / page * page;
    if (used < capacity) munmap(bytes + used, capacity - used);
    *address = bytes;
    *size = count;
    return 0;
}

int clinux_rewind(int fd) { return lseek(fd, 0, SEEK_SET) < 0 ? errno : 0; }
int clinux_unlink(const char *path) { return result_of(unlink(path)); }

int clinux_directory_open(int fd, void **listing) {
    *listing = NULL;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return errno;
    *listing = fdopendir(copy);
    return *listing != NULL ? 0 : close_with(errno, &copy);
}

int clinux_read_link(const char *path, char *target, size_t capacity) {
    ssize_t count = readlink(path, target, capacity);
    if (count < 0) return errno;
    if ((size_t)count >= capacity) return ENAMETOOLONG;
    target[count] = 0;
    return 0;
}

int clinux_directory_next(void *listing, const char **name) {
    errno = 0;
    const struct dirent *entry = readdir(listing);
    *name = entry == NULL ? NULL : entry->d_name;
    return entry == NULL ? errno : 0;
}

void clinux_directory_close(void *listing) { closedir(listing); }
