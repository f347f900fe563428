#pragma once

#include <stdint.h>

/// Nanoseconds of CLOCK_MONOTONIC: the clock of V4L2's timestamps.
uint64_t clinux_monotonic_ns(void);

/// Nanoseconds since 1970 (CLOCK_REALTIME).
uint64_t clinux_realtime_ns(void);
