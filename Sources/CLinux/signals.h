#pragma once

/// Blocks two signals, which may be the same, in this thread and those it starts later, and gives a descriptor that
/// becomes readable when one arrives.
int clinux_take_signals(int first, int second, int *fd);
