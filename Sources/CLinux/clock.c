#define _GNU_SOURCE
#include "clinux_clock.h"

#include "results.h"

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return nanoseconds_of(time);
}

uint64_t clinux_monotonic_ns(void) { return now(CLOCK_MONOTONIC); }
uint64_t clinux_realtime_ns(void) { return now(CLOCK_REALTIME); }
