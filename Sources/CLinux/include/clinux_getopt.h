#pragma once

/// The layout of libc's `struct option`. `flag` stays null, so that `value` is what clinux_getopt returns.
struct clinux_option {
    const char *_Nullable name;
    int has_argument;
    int *_Nullable flag;
    int value;
};

/// getopt_long without output to stderr. `index` is the next element of `arguments` to look at: 0 starts afresh, and
/// after -1 it is the first operand. Returns -1 at the end, '?' for an option it rejects and ':' for a missing
/// argument (when `shorts` begins with ':'); `rejected` is then getopt's optopt.
int clinux_getopt(
    int count, char *_Nullable *_Nonnull arguments, const char *_Nonnull shorts,
    const struct clinux_option *_Nonnull options, int *_Nonnull index, const char *_Nullable *_Nonnull argument,
    int *_Nonnull rejected);
