#pragma once

#include <stdint.h>

/// A barrier for threads that meet often: it spins for a while before it sleeps. Zeroed memory with `parties` set is a
/// barrier; it must not move while threads use it, and only these functions may touch it then.
struct clinux_barrier {
    uint32_t parties;
    uint32_t arrived;
    uint32_t generation;
    uint32_t sleepers;
};

/// Waits until all parties have arrived. What each wrote before is visible to all after. `spins` bounds the polling
/// before the thread sleeps.
void clinux_barrier_wait(struct clinux_barrier *_Nonnull barrier, uint32_t spins);

/// Changes how many threads meet, by one who has yet to arrive.
void clinux_barrier_set_parties(struct clinux_barrier *_Nonnull barrier, uint32_t parties);

/// The number of processors that this process may use, at least 1.
int clinux_processor_count(void);
