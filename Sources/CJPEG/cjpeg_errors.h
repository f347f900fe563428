#pragma once

#include "CJPEG.h"
#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>

/// libjpeg's error manager and where its fatal errors go. The manager is first: libjpeg hands back a pointer to it.
typedef struct {
    struct jpeg_error_mgr manager;
    jmp_buf escape;
    cjpeg_status status;
    /// Restart intervals of a scan whose data ended early, and the scan's number. 0 before an image.
    uint32_t broken_intervals;
    int scan;
} cjpeg_errors;

/// Fills in the manager. Warnings are counted in `manager.num_warnings`.
struct jpeg_error_mgr *cjpeg_errors_init(cjpeg_errors *errors);

/// Leaves libjpeg with `status`.
_Noreturn void cjpeg_escape(j_common_ptr jpeg, cjpeg_status status);
