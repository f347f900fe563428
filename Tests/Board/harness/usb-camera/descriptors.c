#include "descriptors.h"

#include <string.h>

#include "frames.h"

#define LE16(x) (uint8_t)((x)&0xff), (uint8_t)((x) >> 8 & 0xff)
#define LE32(x) LE16((uint32_t)(x)&0xffff), LE16((uint32_t)(x) >> 16)

enum { MANUFACTURER = 1, PRODUCT, SERIAL };
enum { CAMERA_TERMINAL = 1, OUTPUT_TERMINAL };

struct bytes {
    uint8_t *start;
    size_t count;
};

static void append(struct bytes *to, const uint8_t *bytes, size_t count) {
    memcpy(to->start + to->count, bytes, count);
    to->count += count;
}

#define APPEND(to, ...)                                                                                                \
    do {                                                                                                               \
        const uint8_t part[] = {__VA_ARGS__};                                                                          \
        append(to, part, sizeof part);                                                                                 \
    } while (0)

// Lengths of what follows are known when it is there.
static void store_length(struct bytes *in, size_t at, size_t length) {
    in->start[at] = (uint8_t)length;
    in->start[at + 1] = (uint8_t)(length >> 8);
}

// In units of 100 ns.
static uint32_t frame_interval(const struct options *options) { return 10000000u / options->fps; }

size_t device_descriptor(uint8_t *out) {
    struct bytes to = {.start = out};
    // Class "miscellaneous" with an interface association; the Linux Foundation's vendor number.
    APPEND(&to, 18, 1, LE16(0x200), 0xef, 2, 1, 64, LE16(0x1d6b), LE16(0x0102), LE16(1));
    APPEND(&to, MANUFACTURER, PRODUCT, SERIAL, 1);
    return to.count;
}

static void append_control_interface(struct bytes *to) {
    APPEND(to, 9, 4, 0, 0, 0, 14, 1, 0, 0);
    size_t start = to->count;
    // Header: version 1.0, 48 MHz, one streaming interface, which is number 1.
    APPEND(to, 13, 0x24, 1, LE16(0x100), LE16(0), LE32(48000000), 1, 1);
    APPEND(to, 18, 0x24, 2, CAMERA_TERMINAL, LE16(0x201), 0, 0, LE16(0), LE16(0), LE16(0), 3, LE16(0), 0);
    APPEND(to, 9, 0x24, 3, OUTPUT_TERMINAL, LE16(0x101), 0, CAMERA_TERMINAL, 0);
    store_length(to, start + 5, to->count - start);
}

static void append_format(const struct options *options, struct bytes *to) {
    const char *code = options->format->code;
    if (code != NULL) {
        // The format's GUID: its code, and what is common to all.
        APPEND(to, 27, 0x24, 4, 1, 1, (uint8_t)code[0], (uint8_t)code[1], (uint8_t)code[2], (uint8_t)code[3]);
        APPEND(to, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71);
        APPEND(to, (uint8_t)options->format->bits_per_pixel, 1, 0, 0, 0, 0);
    } else {
        APPEND(to, 11, 0x24, 6, 1, 1, 0, 1, 0, 0, 0, 0);
    }
    uint32_t size = (uint32_t)largest_frame(options), interval = frame_interval(options);
    uint32_t rate = size * 8 * options->fps;
    APPEND(to, 30, 0x24, code != NULL ? 5 : 7, 1, 0, LE16(options->width), LE16(options->height));
    APPEND(to, LE32(rate), LE32(rate), LE32(size), LE32(interval), 1, LE32(interval));
    // Colours: BT.709 primaries and transfer, BT.601 matrix.
    APPEND(to, 6, 0x24, 13, 1, 1, 4);
}

static void append_streaming_interface(const struct options *options, struct bytes *to) {
    APPEND(to, 9, 4, 1, 0, 1, 14, 2, 0, 0);
    size_t start = to->count;
    APPEND(to, 14, 0x24, 1, 1, LE16(0), 0x80 | STREAM_ENDPOINT, 0, OUTPUT_TERMINAL, 0, 0, 0, 1, 0);
    append_format(options, to);
    store_length(to, start + 4, to->count - start);
    APPEND(to, 7, 5, 0x80 | STREAM_ENDPOINT, 2, LE16(512), 0);
}

size_t configuration_descriptor(const struct options *options, uint8_t *out) {
    struct bytes to = {.start = out};
    // Two interfaces, powered by the bus, 500 mA.
    APPEND(&to, 9, 2, LE16(0), 2, 1, 0, 0x80, 250);
    // Their association: a video interface collection.
    APPEND(&to, 8, 11, 0, 2, 14, 3, 0, 0);
    append_control_interface(&to);
    append_streaming_interface(options, &to);
    store_length(&to, 2, to.count);
    return to.count;
}

size_t string_descriptor(const struct options *options, unsigned index, uint8_t *out) {
    if (index == 0) {
        // The languages: US English.
        memcpy(out, (uint8_t[]){4, 3, LE16(0x409)}, 4);
        return 4;
    }
    const char *text;
    switch (index) {
    case MANUFACTURER: text = "Swiftlet"; break;
    case PRODUCT: text = options->name; break;
    case SERIAL: text = options->serial; break;
    default: return 0;
    }
    size_t size = 2;
    for (; *text != 0 && size + 2 <= 254; text++) {
        out[size++] = (uint8_t)*text;
        out[size++] = 0;
    }
    out[0] = (uint8_t)size;
    out[1] = 3;
    return size;
}

size_t probe_settings(const struct options *options, uint8_t *out) {
    struct bytes to = {.start = out};
    APPEND(
        &to, LE16(1), 1, 1, LE32(frame_interval(options)), LE16(0), LE16(0), LE16(0), LE16(0), LE16(0),
        LE32(largest_frame(options)), LE32(PAYLOAD_SIZE));
    return to.count;
}
