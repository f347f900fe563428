#pragma once

/// Host only: the compiler makes a second form for AVX2, which the loader chooses where the processor has it. For static
/// functions, which nothing has called before their definition. ThreadSanitizer's calls would come before the loader has
/// chosen: a build with it has the one form.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CK_CLONES
#endif
