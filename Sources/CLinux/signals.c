#define _GNU_SOURCE
#include "clinux_signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

int clinux_stop_signals(int *fd) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    int error = pthread_sigmask(SIG_BLOCK, &stop, NULL);
    if (error != 0) return error;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return errno;
    *fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? errno : 0;
}
