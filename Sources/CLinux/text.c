#define _GNU_SOURCE
#include "clinux_text.h"

#include "clinux_errno.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(
    clinux_EPERM == EPERM && clinux_ENOENT == ENOENT && clinux_EINTR == EINTR && clinux_EAGAIN == EAGAIN &&
        clinux_EACCES == EACCES && clinux_ECONNREFUSED == ECONNREFUSED && clinux_EADDRINUSE == EADDRINUSE &&
        clinux_EIO == EIO && clinux_EBUSY == EBUSY && clinux_ENODEV == ENODEV && clinux_ENOSPC == ENOSPC &&
        clinux_ENOMEM == ENOMEM && clinux_EISDIR == EISDIR && clinux_EFBIG == EFBIG && clinux_ESTALE == ESTALE &&
        clinux_EINVAL == EINVAL && clinux_ENOTTY == ENOTTY && clinux_EPIPE == EPIPE && clinux_ENOTDIR == ENOTDIR &&
        clinux_EROFS == EROFS && clinux_EDQUOT == EDQUOT && clinux_ENXIO == ENXIO &&
        clinux_ENAMETOOLONG == ENAMETOOLONG && clinux_ENOTSUP == ENOTSUP && clinux_ETOOMANYREFS == ETOOMANYREFS,
    "errno values");

int clinux_parse_number(const char *text, double *value) {
    // strtod also takes leading blanks, hexadecimal, "inf" and "nan".
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') return EINVAL;
    char *end;
    errno = 0;
    double parsed = strtod(text, &end);
    if (*end != '\0') return EINVAL;
    if (isinf(parsed)) return ERANGE;
    *value = parsed;
    return 0;
}

int clinux_parse_integer(const char *text, int64_t *value) {
    if (text[0] == '\0' || isspace((unsigned char)text[0])) return EINVAL;
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (end == text || *end != '\0') return EINVAL;
    if (errno == ERANGE) return ERANGE;
    *value = parsed;
    return 0;
}

const char *clinux_error_text(int error) {
    const char *text = strerrordesc_np(error);
    return text == NULL ? "unknown error" : text;
}

size_t clinux_string_length(const char *text) { return strlen(text); }
