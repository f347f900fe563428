#include "clinux_cpu.h"

#if defined(__aarch64__) || defined(__arm__)
#include <sys/auxv.h>
#endif

uint32_t clinux_cpu_features(void) {
    uint32_t features = 0;
#if defined(__aarch64__)
    // Linux's HWCAP bits; older headers lack some of the names.
    const unsigned long capabilities = getauxval(AT_HWCAP);
    const unsigned long asimd = 1UL << 1, asimdhp = 1UL << 10, asimdrdm = 1UL << 12, asimddp = 1UL << 20;
    if (capabilities & asimd) features |= CLINUX_CPU_NEON;
    if ((capabilities & asimdrdm) && (capabilities & asimddp)) features |= CLINUX_CPU_NEON_DOT;
    if (capabilities & asimdhp) features |= CLINUX_CPU_NEON_FP16;
#elif defined(__arm__)
    // What this build is compiled for.
    const unsigned long capabilities = getauxval(AT_HWCAP), neon = 1UL << 12, vfpv4 = 1UL << 16;
    if ((capabilities & neon) && (capabilities & vfpv4)) features |= CLINUX_CPU_NEON;
#elif defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"))
        features |= CLINUX_CPU_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vnni"))
        features |= CLINUX_CPU_AVX512_VNNI;
#endif
    return features;
}
