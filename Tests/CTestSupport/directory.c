#include "CTestSupport.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[256];

const char *ctest_make_directory(void) {
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0') parent = "/tmp";
    const int length = snprintf(directory, sizeof(directory), "%s/swiftlet-XXXXXX", parent);
    if (length < 0 || (size_t)length >= sizeof(directory)) return NULL;
    return mkdtemp(directory);
}

int ctest_remove_directory(void) { return rmdir(directory); }
