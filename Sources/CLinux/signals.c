#define _GNU_SOURCE
#include "signals.h"
#include "clinux_signals.h"
#include "results.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>

int clinux_take_signals(int first, int second, int *fd) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, first);
    sigaddset(&set, second);
    const int error = pthread_sigmask(SIG_BLOCK, &set, NULL);
    return error != 0 ? error : descriptor_of(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), fd);
}

int clinux_stop_signals(int *fd) {
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return errno;
    return clinux_take_signals(SIGTERM, SIGINT, fd);
}

int clinux_reload_signal(int *fd) { return clinux_take_signals(SIGHUP, SIGHUP, fd); }

void clinux_reload_taken(int fd) {
    struct signalfd_siginfo signal;
    // Non-blocking: there may be nothing left to take.
    (void)TEMP_FAILURE_RETRY(read(fd, &signal, sizeof signal));
}
