#pragma once

#include <stdbool.h>

/// Whether a descriptor is a terminal.
bool clinux_is_terminal(int fd);
/// Columns and rows of a terminal's window; false where it does not say.
bool clinux_terminal_size(int fd, int *_Nonnull columns, int *_Nonnull rows);

/// Storage for a struct termios.
struct clinux_terminal_mode {
    unsigned char storage[64];
};

/// From here on keys arrive one by one and are not echoed; `before` is how the terminal was. Keys that make signals go
/// on making them.
int clinux_terminal_take_keys(int fd, struct clinux_terminal_mode *_Nonnull before);
/// Makes the terminal what it was.
void clinux_terminal_restore(int fd, const struct clinux_terminal_mode *_Nonnull before);

/// Blocks SIGWINCH and SIGTSTP and gives a descriptor that becomes readable when one arrives.
int clinux_terminal_signals(int *_Nonnull fd);
/// Takes one such signal. `resized` or `suspended` says which; neither: there was none.
void clinux_terminal_signal_taken(int fd, bool *_Nonnull resized, bool *_Nonnull suspended);
/// Stops the process as SIGTSTP would have done; returns once it continues.
void clinux_suspend(void);
