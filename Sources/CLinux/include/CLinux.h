#pragma once

// Thin shims over Linux for the Swift modules: one function, one task. Functions that can fail return 0 or an
// errno value; results come back through pointers. Nothing here allocates with malloc or keeps state.

#include "clinux_arguments.h"
#include "clinux_getopt.h"
#include "clinux_log.h"
#include "clinux_memory.h"
#include "clinux_process.h"
#include "clinux_text.h"
