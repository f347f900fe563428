#define _GNU_SOURCE
#include "clinux_signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

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

int clinux_reload_signal(int *fd) {
    sigset_t reload;
    sigemptyset(&reload);
    sigaddset(&reload, SIGHUP);
    int error = pthread_sigmask(SIG_BLOCK, &reload, NULL);
    if (error != 0) return error;
    *fd = signalfd(-1, &reload, SFD_CLOEXEC | SFD_NONBLOCK);
    return *fd < 0 ? errno : 0;
}

void clinux_reload_taken(int fd) {
    struct signalfd_siginfo signal;
    // Non-blocking: there may be nothing left to take.
    while (read(fd, &signal, sizeof signal) < 0 && errno == EINTR) {}
}
