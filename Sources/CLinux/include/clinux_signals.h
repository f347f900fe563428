#pragma once

/// Blocks SIGTERM and SIGINT in this thread (and in those it starts later) and gives a descriptor that becomes readable
/// when one arrives and stays so until it is read. SIGPIPE is ignored: a broken pipe is an errno, not the end.
int clinux_stop_signals(int *_Nonnull fd);

/// The same for SIGHUP. Reading from the descriptor takes the signal away.
int clinux_reload_signal(int *_Nonnull fd);
/// Takes a SIGHUP that has arrived.
void clinux_reload_taken(int fd);
