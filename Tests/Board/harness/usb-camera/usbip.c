#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// A message's header is twelve words in network order, named here by what they hold.
enum { COMMAND, SEQUENCE, DIRECTION = 3, ENDPOINT, LENGTH = 6, SETUP = 10, WORDS = 12 };
enum { CANCELLED = 5, STATUS = 5 };
enum { SUBMIT = 1, UNLINK = 2, SUBMIT_ANSWER = 3, UNLINK_ANSWER = 4 };
enum { TO_DEVICE = 0 };

static const char attach_path[] = "/sys/devices/platform/vhci_hcd.0/attach";

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "usb-camera: %s: %s\n", what, strerror(errno));
    exit(71);
}

// The port stays taken for a moment after another camera was unplugged from it.
static void write_attachment(const char *line, size_t size) {
    for (int tries = 100; tries > 0; tries--) {
        int file = open(attach_path, O_WRONLY | O_CLOEXEC);
        if (file < 0) fail(attach_path);
        ssize_t written = write(file, line, size);
        int error = errno;
        close(file);
        if (written == (ssize_t)size) return;
        errno = error;
        if (error != EBUSY && error != EINVAL) break;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    fail(attach_path);
}

int usbip_attach(unsigned port) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) fail("socketpair");
    char line[64];
    const unsigned high_speed = 3, device = 0x10001 + port;
    int size = snprintf(line, sizeof line, "%u %d %u %u", port, pair[1], device, high_speed);
    write_attachment(line, (size_t)size);
    close(pair[1]);
    return pair[0];
}

static bool read_all(int socket, void *bytes, size_t count) {
    for (char *next = bytes; count > 0;) {
        ssize_t got = read(socket, next, count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        next += got;
        count -= (size_t)got;
    }
    return true;
}

static void write_all(int socket, const void *bytes, size_t count) {
    for (const char *next = bytes; count > 0;) {
        ssize_t put = write(socket, next, count);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) fail("answer");
        next += put;
        count -= (size_t)put;
    }
}

static bool skip(int socket, size_t count) {
    uint8_t rest[4096];
    while (count > 0) {
        size_t part = count < sizeof rest ? count : sizeof rest;
        if (!read_all(socket, rest, part)) return false;
        count -= part;
    }
    return true;
}

struct request usbip_receive(int socket) {
    uint32_t words[WORDS];
    struct request request = {.kind = END_OF_REQUESTS};
    if (!read_all(socket, words, sizeof words)) return request;
    request.sequence = ntohl(words[SEQUENCE]);
    if (ntohl(words[COMMAND]) == UNLINK) {
        request.cancelled = ntohl(words[CANCELLED]);
        request.kind = CANCEL_REQUEST;
        return request;
    }
    request.length = ntohl(words[LENGTH]);
    memcpy(request.setup, words + SETUP, sizeof request.setup);
    if (ntohl(words[DIRECTION]) == TO_DEVICE && !skip(socket, request.length)) return request;
    request.kind = ntohl(words[ENDPOINT]) == 0 ? CONTROL_REQUEST : STREAM_REQUEST;
    return request;
}

static void answer(int socket, uint32_t command, uint32_t sequence, int status, size_t length) {
    uint32_t words[WORDS] = {0};
    words[COMMAND] = htonl(command);
    words[SEQUENCE] = htonl(sequence);
    words[STATUS] = htonl((uint32_t)status);
    words[LENGTH] = htonl((uint32_t)length);
    write_all(socket, words, sizeof words);
}

void usbip_complete(int socket, const struct request *request, int status, const void *data, size_t size) {
    answer(socket, SUBMIT_ANSWER, request->sequence, status, size);
    write_all(socket, data, size);
}

void usbip_complete_output(int socket, const struct request *request, int status) {
    answer(socket, SUBMIT_ANSWER, request->sequence, status, status == 0 ? request->length : 0);
}

void usbip_complete_cancel(int socket, const struct request *request, bool was_waiting) {
    answer(socket, UNLINK_ANSWER, request->sequence, was_waiting ? -ECONNRESET : 0, 0);
}
