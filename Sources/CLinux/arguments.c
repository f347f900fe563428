#include "clinux_arguments.h"

static int count;
static char **values;

// glibc passes the arguments of main to every constructor.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    count = argc;
    values = argv;
}

int clinux_argument_count(void) { return count; }
char **clinux_argument_values(void) { return values; }
