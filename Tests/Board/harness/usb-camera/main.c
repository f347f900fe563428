#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"
#include "descriptors.h"
#include "frames.h"
#include "options.h"
#include "usbip.h"

enum { WAITING_LIMIT = 64, HEADER_SIZE = 2 };
// Bits of a payload's header.
enum { FRAME_PARITY = 1, END_OF_FRAME = 2, END_OF_HEADER = 0x80 };

static volatile sig_atomic_t is_ending, is_paused;

static void end(int signal) {
    (void)signal;
    is_ending = 1;
}

static void pause_or_go_on(int signal) {
    (void)signal;
    is_paused = !is_paused;
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

struct camera {
    struct options options;
    int socket;
    // Transfers that the host waits for, oldest first.
    struct request waiting[WAITING_LIMIT];
    size_t waiting_count;
    // The request that came last, and those still to come that were cancelled before.
    uint32_t last_sequence;
    uint32_t cancelled[WAITING_LIMIT];
    size_t cancelled_count;
    struct frame frame;
    // How much of `frame` was sent.
    size_t offset;
    bool is_sending;
    bool is_stalled;
    uint8_t parity;
    uint64_t sent, faulty;
    // When the next frame begins; 0 if the stream has not begun.
    uint64_t due;
};

static void remove_waiting(struct camera *camera, size_t index) {
    camera->waiting_count--;
    memmove(
        camera->waiting + index, camera->waiting + index + 1,
        (camera->waiting_count - index) * sizeof *camera->waiting);
}

static void cancel(struct camera *camera, const struct request *request) {
    bool was_waiting = false;
    for (size_t i = 0; i < camera->waiting_count && !was_waiting; i++) {
        if (camera->waiting[i].sequence != request->cancelled) continue;
        remove_waiting(camera, i);
        was_waiting = true;
    }
    // The kernel may send a cancellation before the request that it is about, and unplugs a device that answers that.
    bool is_early = (int32_t)(request->cancelled - camera->last_sequence) > 0;
    if (is_early && camera->cancelled_count < WAITING_LIMIT)
        camera->cancelled[camera->cancelled_count++] = request->cancelled;
    usbip_complete_cancel(camera->socket, request, was_waiting);
}

// Whether a request that has come was cancelled before it did.
static bool was_cancelled(struct camera *camera, uint32_t sequence) {
    camera->last_sequence = sequence;
    for (size_t i = 0; i < camera->cancelled_count; i++) {
        if (camera->cancelled[i] != sequence) continue;
        camera->cancelled[i] = camera->cancelled[--camera->cancelled_count];
        return true;
    }
    return false;
}

static void receive(struct camera *camera) {
    struct request request = usbip_receive(camera->socket);
    bool is_new = request.kind == CONTROL_REQUEST || request.kind == STREAM_REQUEST;
    if (is_new && was_cancelled(camera, request.sequence)) return;
    switch (request.kind) {
    case CONTROL_REQUEST:
        if (answer_control(camera->socket, &camera->options, &request)) {
            camera->is_sending = camera->is_stalled = false;
            camera->due = 0;
        }
        break;
    case STREAM_REQUEST:
        if (camera->waiting_count == WAITING_LIMIT)
            usbip_complete(camera->socket, &request, -EPIPE, NULL, 0);
        else
            camera->waiting[camera->waiting_count++] = request;
        break;
    case CANCEL_REQUEST: cancel(camera, &request); break;
    case END_OF_REQUESTS: is_ending = 1;
    }
}

static void begin_frame(struct camera *camera, uint64_t time) {
    uint64_t period = 1000000000u / camera->options.fps;
    camera->frame = make_frame(camera->sent);
    camera->offset = 0;
    camera->is_sending = true;
    camera->parity ^= FRAME_PARITY;
    // Frames that are late by more than one are skipped rather than sent at once.
    camera->due = camera->due + period < time ? time + period : camera->due + period;
}

static void end_frame(struct camera *camera) {
    const struct options *options = &camera->options;
    camera->is_sending = false;
    camera->sent++;
    if (camera->frame.is_faulty) camera->faulty++;
    if (options->stall_after != 0 && camera->sent == options->stall_after) camera->is_stalled = true;
    if (options->unplug_after != 0 && camera->sent == options->unplug_after) is_ending = 1;
}

// Sends what fits into the oldest transfer.
static void send_payload(struct camera *camera) {
    uint8_t payload[PAYLOAD_SIZE] = {HEADER_SIZE, END_OF_HEADER | camera->parity};
    struct request request = camera->waiting[0];
    remove_waiting(camera, 0);
    size_t room = request.length < PAYLOAD_SIZE ? request.length : PAYLOAD_SIZE;
    if (room <= HEADER_SIZE) {
        usbip_complete(camera->socket, &request, 0, NULL, 0);
        return;
    }
    size_t left = camera->frame.size - camera->offset;
    size_t part = left < room - HEADER_SIZE ? left : room - HEADER_SIZE;
    memcpy(payload + HEADER_SIZE, camera->frame.bytes + camera->offset, part);
    camera->offset += part;
    bool is_last = camera->offset == camera->frame.size;
    if (is_last) payload[1] |= END_OF_FRAME;
    usbip_complete(camera->socket, &request, 0, payload, part + HEADER_SIZE);
    if (is_last) end_frame(camera);
}

// Sends what is due. Returns how many milliseconds nothing is, or -1 for ever.
static int stream(struct camera *camera) {
    if (camera->waiting_count == 0 || camera->is_stalled || is_paused) return -1;
    uint64_t time = now();
    if (camera->due == 0) camera->due = time;
    if (!camera->is_sending) {
        if (time < camera->due) return (int)((camera->due - time) / 1000000) + 1;
        begin_frame(camera, time);
    }
    send_payload(camera);
    return 0;
}

// Signals must interrupt poll, not be put off until it ends: they come only while it waits.
static sigset_t prepare_signals(void) {
    sigset_t handled, outside;
    sigemptyset(&handled);
    sigaddset(&handled, SIGTERM);
    sigaddset(&handled, SIGINT);
    sigaddset(&handled, SIGUSR1);
    sigprocmask(SIG_BLOCK, &handled, &outside);
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = end}, NULL);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = end}, NULL);
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = pause_or_go_on}, NULL);
    return outside;
}

int main(int count, char **arguments) {
    struct camera camera = {.options = read_options(count, arguments)};
    load_frames(&camera.options);
    sigset_t outside = prepare_signals();
    signal(SIGPIPE, SIG_IGN);
    camera.socket = usbip_attach(camera.options.port);
    while (!is_ending) {
        int wait = stream(&camera);
        if (is_ending) break;
        struct timespec limit = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000L};
        struct pollfd request = {.fd = camera.socket, .events = POLLIN};
        if (ppoll(&request, 1, wait < 0 ? NULL : &limit, &outside) > 0) receive(&camera);
    }
    fprintf(
        stderr, "usb-camera: unplugged after %" PRIu64 " frames, %" PRIu64 " of them faulty\n", camera.sent,
        camera.faulty);
    return 0;
}
