#pragma once

/// How often malloc, calloc, realloc, posix_memalign and aligned_alloc have been called in this process. The program
/// that links this module gets allocators that count and then do what glibc's do.
unsigned long callocation_count(void);
