#pragma once

#include <stddef.h>
#include <stdint.h>

/// Sends one datagram of "KEY=VALUE" lines to the service manager (sd_notify(3)); never waits. ENOENT where no manager
/// listens (NOTIFY_SOCKET is not set), EINVAL for an address of another kind, otherwise what socket or sendto said.
int clinux_notify(const char *_Nonnull text, size_t count);

/// Nanoseconds within which the manager must hear from this process (WATCHDOG_USEC, WATCHDOG_PID); 0: it does not.
uint64_t clinux_watchdog_ns(void);
