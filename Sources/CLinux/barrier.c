#define _GNU_SOURCE
#include "clinux_barrier.h"

#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#endif
}

void clinux_barrier_wait(struct clinux_barrier *barrier, uint32_t spins) {
    uint32_t *generation = &barrier->generation;
    const uint32_t mine = __atomic_load_n(generation, __ATOMIC_ACQUIRE);
    if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) ==
        __atomic_load_n(&barrier->parties, __ATOMIC_RELAXED)) {
        __atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
        // Sequentially consistent with a sleeper's two steps below: either it sees the new generation, or is seen here.
        __atomic_store_n(generation, mine + 1, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&barrier->sleepers, __ATOMIC_SEQ_CST) > 0)
            syscall(SYS_futex, generation, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
        return;
    }
    for (uint32_t spin = 0; spin < spins; spin++) {
        if (__atomic_load_n(generation, __ATOMIC_ACQUIRE) != mine) return;
        relax();
    }
    __atomic_add_fetch(&barrier->sleepers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(generation, __ATOMIC_SEQ_CST) == mine)
        syscall(SYS_futex, generation, FUTEX_WAIT_PRIVATE, mine, NULL, NULL, 0);
    __atomic_sub_fetch(&barrier->sleepers, 1, __ATOMIC_RELAXED);
}

void clinux_barrier_set_parties(struct clinux_barrier *barrier, uint32_t parties) {
    // The caller's arrival publishes it.
    __atomic_store_n(&barrier->parties, parties, __ATOMIC_RELAXED);
}

int clinux_processor_count(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}
