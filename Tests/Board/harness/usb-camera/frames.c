#include "frames.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct options *settings;
static struct frame *originals;
static uint8_t *changed;

size_t largest_frame(const struct options *options) {
    return (size_t)options->width * options->height * options->format->bits_per_pixel / 8;
}

static _Noreturn void fail(const char *path, const char *why) {
    fprintf(stderr, "usb-camera: %s: %s\n", path, why);
    exit(66);
}

static struct frame load(const char *path) {
    size_t room = largest_frame(settings);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path, strerror(errno));
    uint8_t *bytes = malloc(room);
    if (bytes == NULL) fail(path, "no memory");
    size_t size = fread(bytes, 1, room, file);
    if (ferror(file)) fail(path, strerror(errno));
    if (size == 0) fail(path, "empty");
    if (fgetc(file) != EOF) fail(path, "too large for a frame");
    fclose(file);
    return (struct frame){.bytes = bytes, .size = size};
}

void load_frames(const struct options *options) {
    settings = options;
    originals = calloc((size_t)options->file_count, sizeof *originals);
    changed = malloc(largest_frame(options));
    if (originals == NULL || changed == NULL) fail("frames", "no memory");
    for (int i = 0; i < options->file_count; i++) originals[i] = load(options->files[i]);
}

// The same bytes for the same frame in every run.
static void fill_with_noise(uint8_t *bytes, size_t count, uint64_t seed) {
    uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < count; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)(state >> 32);
    }
}

// Halves height and width in the start-of-frame segment, if there is one.
static void halve_size(uint8_t *bytes, size_t count) {
    size_t at = 2;
    while (at + 9 <= count && bytes[at] == 0xff) {
        uint8_t marker = bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xc2) {
            for (size_t field = at + 5; field < at + 9; field += 2) {
                unsigned value = (unsigned)(bytes[field] << 8 | bytes[field + 1]) / 2;
                bytes[field] = (uint8_t)(value >> 8);
                bytes[field + 1] = (uint8_t)value;
            }
            return;
        }
        at += 2u + (size_t)(bytes[at + 2] << 8 | bytes[at + 3]);
    }
}

static bool is_turn(uint64_t number, uint64_t every) { return every != 0 && number % every == every - 1; }

struct frame make_frame(uint64_t number) {
    struct frame frame = originals[number % (uint64_t)settings->file_count];
    bool is_garbage = is_turn(number, settings->garbage_every);
    bool is_wrong_size = is_turn(number, settings->wrong_size_every);
    bool is_truncated = is_turn(number, settings->truncate_every);
    if (is_garbage || is_wrong_size) {
        memcpy(changed, frame.bytes, frame.size);
        if (is_garbage)
            fill_with_noise(changed, frame.size, number);
        else
            halve_size(changed, frame.size);
        frame.bytes = changed;
    }
    if (is_truncated) frame.size = (frame.size + 1) / 2;
    frame.is_faulty = is_garbage || is_wrong_size || is_truncated;
    return frame;
}
