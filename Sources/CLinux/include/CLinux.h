#pragma once

// Thin shims over Linux for the Swift modules: one function, one task. Functions that can fail return 0 or an
// errno value; results come back through pointers. What keeps state or allocates says so.
// The headers include only what every compiler brings: they are read for a bare-metal target too (toolchains/build).

#include "clinux_arguments.h"
#include "clinux_barrier.h"
#include "clinux_clock.h"
#include "clinux_cpu.h"
#include "clinux_errno.h"
#include "clinux_files.h"
#include "clinux_getopt.h"
#include "clinux_log.h"
#include "clinux_memfd.h"
#include "clinux_memory.h"
#include "clinux_notify.h"
#include "clinux_output.h"
#include "clinux_poll.h"
#include "clinux_process.h"
#include "clinux_signals.h"
#include "clinux_sockets.h"
#include "clinux_terminal.h"
#include "clinux_text.h"
#include "clinux_threads.h"
#include "clinux_v4l2.h"
#include "clinux_watch.h"
