#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: usb-camera [OPTION]... FILE...\n"
    "\n"
    "Plugs a USB video camera into this machine's virtual USB port (kernel module vhci-hcd) and sends FILEs as its\n"
    "frames, round and round. SIGTERM unplugs it.\n"
    "\n"
    "  --port N              USB port, 0 (default) to 7\n"
    "  --fps N               frames per second, 1 to 120 (default 30)\n"
    "  --size WxH            the size that it announces (default 640x480); FILEs are sent as they are\n"
    "  --format NAME         what FILEs hold: mjpeg (default), or raw frames of that size in yuyv, uyvy, nv12, i420\n"
    "                        or grey\n"
    "  --name TEXT           product name (default \"Software camera\")\n"
    "  --serial TEXT         serial number (default 0001)\n"
    "\n"
    "What goes wrong:\n"
    "  --unplug-after N      end after N frames\n"
    "  --stall-after N       send no frame after N until the driver starts the stream again\n"
    "  --truncate-every N    skip the second half of each Nth frame\n"
    "  --garbage-every N     send random bytes as each Nth frame\n"
    "  --wrong-size-every N  let each Nth JPEG's header claim half of its width and height\n"
    "SIGUSR1 stops the frames, and the next one lets them continue: the camera still answers requests. SIGSTOP stops\n"
    "the whole device: the kernel's requests to it stay without answer.\n";

static const struct format formats[] = {
    {"mjpeg", NULL, 16},  {"yuyv", "YUY2", 16}, {"uyvy", "UYVY", 16},
    {"nv12", "NV12", 12}, {"i420", "I420", 12}, {"grey", "Y8  ", 8},
};

static _Noreturn void mistake(const char *what, const char *value) {
    fprintf(stderr, "usb-camera: %s: %s; see usb-camera --help\n", what, value);
    exit(64);
}

static uint64_t number(const char *name, const char *text, uint64_t least, uint64_t most) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || *text == '-' || value < least || value > most) mistake(name, text);
    return value;
}

static void read_size(struct options *options, const char *text) {
    char rest;
    if (sscanf(text, "%5ux%5u%c", &options->width, &options->height, &rest) != 2 || options->width == 0 ||
        options->height == 0 || options->width > 4096 || options->height > 4096)
        mistake("--size", text);
}

static const struct format *find_format(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(formats[i].name, name) == 0) return formats + i;
    }
    mistake("--format", name);
}

struct options read_options(int count, char **arguments) {
    enum {
        PORT = 1,
        FPS,
        SIZE,
        FORMAT,
        NAME,
        SERIAL,
        UNPLUG_AFTER,
        STALL_AFTER,
        TRUNCATE_EVERY,
        GARBAGE_EVERY,
        WRONG_SIZE_EVERY,
        HELP
    };
    static const struct option table[] = {
        {"port", required_argument, NULL, PORT},
        {"fps", required_argument, NULL, FPS},
        {"size", required_argument, NULL, SIZE},
        {"format", required_argument, NULL, FORMAT},
        {"name", required_argument, NULL, NAME},
        {"serial", required_argument, NULL, SERIAL},
        {"unplug-after", required_argument, NULL, UNPLUG_AFTER},
        {"stall-after", required_argument, NULL, STALL_AFTER},
        {"truncate-every", required_argument, NULL, TRUNCATE_EVERY},
        {"garbage-every", required_argument, NULL, GARBAGE_EVERY},
        {"wrong-size-every", required_argument, NULL, WRONG_SIZE_EVERY},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .fps = 30, .width = 640, .height = 480, .format = formats, .name = "Software camera", .serial = "0001"};
    int choice;
    while ((choice = getopt_long(count, arguments, "", table, NULL)) != -1) {
        switch (choice) {
        case PORT: options.port = (unsigned)number("--port", optarg, 0, 7); break;
        case FPS: options.fps = (unsigned)number("--fps", optarg, 1, 120); break;
        case SIZE: read_size(&options, optarg); break;
        case FORMAT: options.format = find_format(optarg); break;
        case NAME: options.name = optarg; break;
        case SERIAL: options.serial = optarg; break;
        case UNPLUG_AFTER: options.unplug_after = number("--unplug-after", optarg, 1, UINT64_MAX); break;
        case STALL_AFTER: options.stall_after = number("--stall-after", optarg, 1, UINT64_MAX); break;
        case TRUNCATE_EVERY: options.truncate_every = number("--truncate-every", optarg, 1, UINT64_MAX); break;
        case GARBAGE_EVERY: options.garbage_every = number("--garbage-every", optarg, 1, UINT64_MAX); break;
        case WRONG_SIZE_EVERY: options.wrong_size_every = number("--wrong-size-every", optarg, 1, UINT64_MAX); break;
        case HELP: fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(64);
        }
    }
    options.files = arguments + optind;
    options.file_count = count - optind;
    if (options.file_count == 0) mistake("no image", "FILE is needed");
    return options;
}
