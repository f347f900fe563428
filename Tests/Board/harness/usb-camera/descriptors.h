#pragma once

#include <stddef.h>
#include <stdint.h>

#include "options.h"

// What the camera tells about itself, in the words of USB 2.0 and of USB Video Class 1.0.

enum {
    // Bytes of frame and header in one bulk transfer.
    PAYLOAD_SIZE = 16384,
    STREAM_ENDPOINT = 1,
    PROBE_SIZE = 26,
    DESCRIPTOR_ROOM = 512,
};

// Each writes to `out`, of at least DESCRIPTOR_ROOM bytes, and returns the size.
size_t device_descriptor(uint8_t *out);
size_t configuration_descriptor(const struct options *options, uint8_t *out);
// 0 if there is no such string.
size_t string_descriptor(const struct options *options, unsigned index, uint8_t *out);
// The only stream settings there are, which the driver gets whatever it asks for.
size_t probe_settings(const struct options *options, uint8_t *out);
