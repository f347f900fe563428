#pragma once

/// Host only: the compiler makes a second form for AVX2, which the loader chooses where the processor has it. For static
/// functions, which nothing has called before their definition.
#if defined(__x86_64__)
#define CK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CK_CLONES
#endif
