#pragma once

/// Ends the process after flushing stdio.
_Noreturn void clinux_exit(int code);
