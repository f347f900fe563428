#define _GNU_SOURCE
#include "clinux_threads.h"

#include <pthread.h>

_Static_assert(sizeof(struct clinux_mutex) >= sizeof(pthread_mutex_t), "a mutex fits");
_Static_assert(_Alignof(struct clinux_mutex) >= _Alignof(pthread_mutex_t), "a mutex is aligned");
_Static_assert(sizeof(clinux_thread) == sizeof(pthread_t), "a thread handle fits");

int clinux_mutex_create(struct clinux_mutex *mutex) { return pthread_mutex_init((pthread_mutex_t *)mutex, NULL); }
void clinux_mutex_destroy(struct clinux_mutex *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }
// A default mutex reports no error that correct use could cause.
void clinux_mutex_lock(struct clinux_mutex *mutex) { pthread_mutex_lock((pthread_mutex_t *)mutex); }
void clinux_mutex_unlock(struct clinux_mutex *mutex) { pthread_mutex_unlock((pthread_mutex_t *)mutex); }

int clinux_thread_start(const char *name, size_t stack, void *(*body)(void *), void *context, clinux_thread *thread) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return error;
    pthread_t handle;
    error = pthread_attr_setstacksize(&attributes, stack);
    if (error == 0) error = pthread_create(&handle, &attributes, body, context);
    pthread_attr_destroy(&attributes);
    if (error != 0) return error;
    (void)pthread_setname_np(handle, name);
    *thread = (clinux_thread)handle;
    return 0;
}

int clinux_thread_join(clinux_thread thread) { return pthread_join((pthread_t)thread, NULL); }
