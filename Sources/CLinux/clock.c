#define _GNU_SOURCE
#include "clinux_clock.h"

#include <time.h>

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t clinux_monotonic_ns(void) { return now(CLOCK_MONOTONIC); }
uint64_t clinux_realtime_ns(void) { return now(CLOCK_REALTIME); }
