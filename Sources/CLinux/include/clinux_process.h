#pragma once

#include <stdint.h>

/// Ends the process after flushing stdio.
_Noreturn void clinux_exit(int code);

/// The value of an environment variable, or null. It lives as long as nothing changes the environment.
const char *_Nullable clinux_environment(const char *_Nonnull name);

/// Nanoseconds that the processors have spent on this process, all threads together.
uint64_t clinux_process_cpu_ns(void);

/// Raises the number of descriptors that the process may have to `wanted` where that is allowed. Returns what it is
/// then, or `wanted` where the system does not say.
uint64_t clinux_raise_descriptor_limit(uint64_t wanted);

struct clinux_process_memory {
    /// Bytes of the process that are in memory now (VmRSS of /proc/self/status).
    uint64_t resident;
    /// The peak so far (VmHWM).
    uint64_t peak_resident;
};

/// What open or read said, or ENODATA where the system does not tell.
int clinux_read_process_memory(struct clinux_process_memory *_Nonnull memory);
