#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

// Loads the files. Ends the process if that fails.
void load_frames(const struct options *options);

struct frame {
    const uint8_t *bytes;
    size_t size;
    bool is_faulty;
};

// The frame to send as the given one, from 0, with the faults that the options ask for. Valid until the next call.
struct frame make_frame(uint64_t number);

// The most bytes that a frame may have: what the camera announces.
size_t largest_frame(const struct options *options);
