#pragma once

#include <stddef.h>
#include <stdint.h>

/// Storage for a pthread_mutex_t. It must not move once it is initialised: its owner allocates it.
struct clinux_mutex {
    uint64_t storage[6];
};

int clinux_mutex_create(struct clinux_mutex *_Nonnull mutex);
void clinux_mutex_destroy(struct clinux_mutex *_Nonnull mutex);
void clinux_mutex_lock(struct clinux_mutex *_Nonnull mutex);
void clinux_mutex_unlock(struct clinux_mutex *_Nonnull mutex);

/// A pthread_t.
typedef uintptr_t clinux_thread;

/// Runs `body(context)` on a new thread with this many bytes of stack; `name` has at most 15 bytes.
int clinux_thread_start(
    const char *_Nonnull name, size_t stack, void *_Nullable (*_Nonnull body)(void *_Nullable), void *_Nullable context,
    clinux_thread *_Nonnull thread);
/// Waits for a thread's end.
int clinux_thread_join(clinux_thread thread);
