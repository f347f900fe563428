#pragma once

/// Ends the process after flushing stdio.
_Noreturn void clinux_exit(int code);

/// The value of an environment variable, or null. It lives as long as nothing changes the environment.
const char *_Nullable clinux_environment(const char *_Nonnull name);
