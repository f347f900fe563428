#define _GNU_SOURCE
#include "clinux_process.h"
#include "results.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

void clinux_exit(int code) { exit(code); }

const char *clinux_environment(const char *name) { return getenv(name); }

uint64_t clinux_process_cpu_ns(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return nanoseconds_of(time);
}

uint64_t clinux_raise_descriptor_limit(uint64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return wanted;
    const struct rlimit raised = {limit.rlim_max < wanted ? limit.rlim_max : wanted, limit.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

// The value of the line `key`, which the kernel writes as "\nKEY:   NUMBER kB\n".
static bool kibibytes(const char *status, const char *key, uint64_t *bytes) {
    const char *line = strstr(status, key);
    if (line == NULL) return false;
    *bytes = strtoull(line + strlen(key), NULL, 10) << 10;
    return true;
}

int clinux_read_process_memory(struct clinux_process_memory *memory) {
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    // Both lines stand within the first kilobyte.
    char text[4096];
    size_t count = 0, got = 0;
    int error;
    do {
        count += got;
        error = count_of(TEMP_FAILURE_RETRY(read(fd, text + count, sizeof text - 1 - count)), &got);
    } while (got > 0);
    close(fd);
    if (error != 0) return error;
    text[count] = 0;
    bool found = kibibytes(text, "\nVmRSS:", &memory->resident);
    found = kibibytes(text, "\nVmHWM:", &memory->peak_resident) && found;
    return found ? 0 : ENODATA;
}
