#pragma once

#include <stddef.h>
#include <stdint.h>

/// The whole of `text` as a finite decimal number in the C locale's notation. EINVAL, or ERANGE when it does not fit.
int clinux_parse_number(const char *_Nonnull text, double *_Nonnull value);

/// The whole of `text` as a decimal integer. EINVAL, or ERANGE when it does not fit.
int clinux_parse_integer(const char *_Nonnull text, int64_t *_Nonnull value);

/// strlen.
size_t clinux_string_length(const char *_Nonnull text);

/// libc's words for an errno value, for messages. Never null.
const char *_Nonnull clinux_error_text(int error);
