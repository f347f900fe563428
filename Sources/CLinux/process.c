#include "clinux_process.h"

#include <stdlib.h>

void clinux_exit(int code) { exit(code); }
