#pragma once

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

// Results of system calls as the functions here give them: 0 or an errno value, what was made through a pointer.

static inline int result_of(int result) { return result < 0 ? errno : 0; }

static inline int descriptor_of(int result, int *fd) {
    *fd = result;
    return result_of(result);
}

static inline int count_of(ssize_t result, size_t *count) {
    *count = result < 0 ? 0 : (size_t)result;
    return result < 0 ? errno : 0;
}

/// Closes a descriptor that is of no use after an error.
static inline int close_with(int error, int *fd) {
    close(*fd);
    *fd = -1;
    return error;
}

static inline uint64_t nanoseconds_of(struct timespec time) {
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
