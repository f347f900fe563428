#include "clinux_process.h"

#include <stdlib.h>

void clinux_exit(int code) { exit(code); }

const char *clinux_environment(const char *name) { return getenv(name); }
