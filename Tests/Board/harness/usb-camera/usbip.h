#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The device's side of USB/IP: requests come from the kernel's virtual host controller over a socket.

struct request {
    enum { CONTROL_REQUEST, STREAM_REQUEST, CANCEL_REQUEST, END_OF_REQUESTS } kind;
    uint32_t sequence;
    // Bytes that the host sends or has room for.
    uint32_t length;
    uint8_t setup[8];
    // The request that a CANCEL_REQUEST is about.
    uint32_t cancelled;
};

// Plugs a device in. Returns the socket, or ends the process if that fails.
int usbip_attach(unsigned port);

// Waits for a request. What the host sends with it, which no request here needs, is skipped.
struct request usbip_receive(int socket);

// Answers a request: with data, if the host asked for some. `status` is 0 or a negative errno.
void usbip_complete(int socket, const struct request *request, int status, const void *data, size_t size);

// Tells that `length` bytes from the host were taken.
void usbip_complete_output(int socket, const struct request *request, int status);

// Answers a CANCEL_REQUEST: whether the request was still waiting.
void usbip_complete_cancel(int socket, const struct request *request, bool was_waiting);
