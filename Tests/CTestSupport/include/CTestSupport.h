#pragma once

#include <stddef.h>

#include "ctest_bayer_device.h"
#include "ctest_emulated.h"
#include "ctest_jpeg.h"

/// Maps `size` writable bytes whose end (`at_end`) or start lies beside a page that faults on access. NULL on failure.
void *_Nullable ctest_map_guarded(size_t size, int at_end);

/// Gives back what `ctest_map_guarded` returned for the same arguments.
void ctest_unmap_guarded(void *_Nonnull address, size_t size, int at_end);

/// libm's exp, for references in double precision.
double ctest_exp(double x);
double ctest_erfc(double x);

/// Makes an empty directory that no other process uses, in $TMPDIR or /tmp. NULL on failure. One in a process.
const char *_Nullable ctest_make_directory(void);

/// Removes it, which must be empty. 0 on success.
int ctest_remove_directory(void);
