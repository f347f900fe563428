#define _GNU_SOURCE
#include "clinux_getopt.h"

#include <getopt.h>
#include <stddef.h>

_Static_assert(sizeof(struct clinux_option) == sizeof(struct option), "clinux_option mirrors struct option");
_Static_assert(
    offsetof(struct clinux_option, value) == offsetof(struct option, val), "clinux_option mirrors struct option");

int clinux_getopt(
    int count, char **arguments, const char *shorts, const struct clinux_option *options, int *index,
    const char **argument, int *rejected) {
    opterr = 0;
    optind = *index;
    int result = getopt_long(count, arguments, shorts, (const struct option *)options, NULL);
    *index = optind;
    *argument = optarg;
    *rejected = optopt;
    return result;
}
