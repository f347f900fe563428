#include "CTestSupport.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[256];

const char *ctest_make_folder(void) {
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0') parent = "/tmp";
    const int length = snprintf(folder, sizeof(folder), "%s/swiftlet-XXXXXX", parent);
    if (length < 0 || (size_t)length >= sizeof(folder)) return NULL;
    return mkdtemp(folder);
}

int ctest_remove_folder(void) { return rmdir(folder); }
