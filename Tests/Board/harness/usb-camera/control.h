#pragma once

#include <stdbool.h>

#include "options.h"
#include "usbip.h"

// Answers a request to the camera's default endpoint. Returns whether it starts the stream again.
bool answer_control(int socket, const struct options *options, const struct request *request);
