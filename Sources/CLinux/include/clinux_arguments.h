#pragma once

/// The program's arguments as the kernel handed them over: Embedded Swift has no `CommandLine`.
int clinux_argument_count(void);
char *_Nullable *_Nonnull clinux_argument_values(void);
