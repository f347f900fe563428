#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "descriptors.h"

// bmRequestType and bRequest together.
enum {
    CLEAR_DEVICE_FEATURE = 0x0001,
    SET_ADDRESS = 0x0005,
    SET_CONFIGURATION = 0x0009,
    SET_INTERFACE = 0x010b,
    CLEAR_ENDPOINT_HALT = 0x0201,
    SET_STREAM_SETTING = 0x2101,
    GET_DEVICE_STATUS = 0x8000,
    GET_DESCRIPTOR = 0x8006,
    GET_INTERFACE_STATUS = 0x8100,
    GET_ENDPOINT_STATUS = 0x8200,
    GET_STREAM_SETTING = 0xa181,
    GET_STREAM_SETTING_MINIMUM = 0xa182,
    GET_STREAM_SETTING_MAXIMUM = 0xa183,
    GET_STREAM_SETTING_LENGTH = 0xa185,
    GET_STREAM_SETTING_INFO = 0xa186,
    GET_STREAM_SETTING_DEFAULT = 0xa187,
};
enum { DEVICE_DESCRIPTOR = 1, CONFIGURATION_DESCRIPTOR = 2, STRING_DESCRIPTOR = 3 };
enum { COMMIT_CONTROL = 2 };

static size_t descriptor(const struct options *options, unsigned type, unsigned index, uint8_t *out) {
    switch (type) {
    case DEVICE_DESCRIPTOR: return device_descriptor(out);
    case CONFIGURATION_DESCRIPTOR: return configuration_descriptor(options, out);
    case STRING_DESCRIPTOR: return string_descriptor(options, index, out);
    // Linux asks a high-speed device how it would work at full speed; none is a valid answer.
    default: return 0;
    }
}

bool answer_control(int socket, const struct options *options, const struct request *request) {
    const uint8_t *setup = request->setup;
    unsigned index = setup[2], selector = setup[3];
    uint8_t data[DESCRIPTOR_ROOM] = {0};
    size_t size = 0;
    int status = 0;
    bool starts = false;
    switch (setup[0] << 8 | setup[1]) {
    case GET_DESCRIPTOR:
        size = descriptor(options, selector, index, data);
        if (size == 0) status = -EPIPE;
        break;
    case GET_DEVICE_STATUS:
    case GET_INTERFACE_STATUS:
    case GET_ENDPOINT_STATUS: size = 2; break;
    case GET_STREAM_SETTING:
    case GET_STREAM_SETTING_MINIMUM:
    case GET_STREAM_SETTING_MAXIMUM:
    case GET_STREAM_SETTING_DEFAULT: size = probe_settings(options, data); break;
    case GET_STREAM_SETTING_LENGTH:
        data[0] = PROBE_SIZE;
        size = 2;
        break;
    case GET_STREAM_SETTING_INFO:
        // It can be read and written.
        data[0] = 3;
        size = 1;
        break;
    case SET_STREAM_SETTING: starts = selector == COMMIT_CONTROL; break;
    case CLEAR_DEVICE_FEATURE:
    case SET_ADDRESS:
    case SET_CONFIGURATION:
    case SET_INTERFACE:
    case CLEAR_ENDPOINT_HALT: break;
    default:
        fprintf(stderr, "usb-camera: unknown request %02x %02x %02x%02x\n", setup[0], setup[1], selector, index);
        status = -EPIPE;
    }
    if (setup[0] & 0x80) {
        usbip_complete(socket, request, status, data, size < request->length ? size : request->length);
    } else {
        usbip_complete_output(socket, request, status);
    }
    return starts;
}
