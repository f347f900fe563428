#pragma once

#include <stdbool.h>
#include <stdint.h>

struct options {
    unsigned fps;
    unsigned port;
    unsigned width, height;
    bool yuyv;
    const char *name;
    const char *serial;
    // 0: never.
    uint64_t unplug_after;
    uint64_t stall_after;
    uint64_t truncate_every;
    uint64_t garbage_every;
    uint64_t wrong_size_every;
    char **files;
    int file_count;
};

// Ends the process after --help and on a mistake.
struct options read_options(int count, char **arguments);
