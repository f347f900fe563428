#define _GNU_SOURCE
#include "clinux_terminal.h"
#include "results.h"
#include "signals.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

_Static_assert(sizeof(struct termios) <= sizeof(struct clinux_terminal_mode), "clinux_terminal_mode is too small");

bool clinux_is_terminal(int fd) { return isatty(fd) == 1; }

bool clinux_terminal_size(int fd, int *columns, int *rows) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return true;
}

int clinux_terminal_take_keys(int fd, struct clinux_terminal_mode *before) {
    struct termios mode;
    if (tcgetattr(fd, &mode) != 0) return errno;
    memcpy(before->storage, &mode, sizeof mode);
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    return result_of(tcsetattr(fd, TCSANOW, &mode));
}

void clinux_terminal_restore(int fd, const struct clinux_terminal_mode *before) {
    struct termios mode;
    memcpy(&mode, before->storage, sizeof mode);
    // A terminal that has gone needs nothing.
    (void)tcsetattr(fd, TCSANOW, &mode);
}

int clinux_terminal_signals(int *fd) { return clinux_take_signals(SIGWINCH, SIGTSTP, fd); }

void clinux_terminal_signal_taken(int fd, bool *resized, bool *suspended) {
    struct signalfd_siginfo signal;
    const ssize_t got = TEMP_FAILURE_RETRY(read(fd, &signal, sizeof signal));
    *resized = got == sizeof signal && signal.ssi_signo == SIGWINCH;
    *suspended = got == sizeof signal && signal.ssi_signo == SIGTSTP;
}

void clinux_suspend(void) { (void)raise(SIGSTOP); }
