#pragma once

#include <stdint.h>

// How uncompressed frames lie in memory, or that they are JPEGs.
struct format {
    const char *name;
    // USB Video Class's code; NULL for MJPEG.
    const char *code;
    // Of uncompressed frames; what an MJPEG frame must not exceed.
    unsigned bits_per_pixel;
};

struct options {
    unsigned fps;
    unsigned port;
    unsigned width, height;
    const struct format *format;
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
