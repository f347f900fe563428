// Preloaded into QEMU: the board's clock passes only as fast as its processors get on. Where the host has other work, what
// the board does takes longer, and the limits of its drivers (five seconds for a USB transfer) do not wait for that. The
// clock that QEMU reads is slowed by the share of the last moments in which its threads stood in line for a processor.
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef int clock_reader(clockid_t, struct timespec *);

static const int64_t second = 1000000000;
// How often the share is measured: longer than a thread stands in line, far shorter than a driver's limit.
static const int64_t interval = 100000000;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static clock_reader *system_clock;
// At `measured` on the host's clock the board's showed `shown`, and passed at `rate` from there on.
static int64_t measured, shown;
static double rate = 1;
// Of all threads, in nanoseconds: how long they ran, how long they stood in line.
static int64_t ran, waited;

static int64_t nanoseconds(const struct timespec *time) { return time->tv_sec * second + time->tv_nsec; }

static bool read_threads(int64_t *run, int64_t *wait) {
    DIR *tasks = opendir("/proc/self/task");
    if (tasks == NULL) return false;
    *run = *wait = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        char path[64];
        snprintf(path, sizeof path, "/proc/self/task/%.20s/schedstat", entry->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL) continue;
        long long of_run, of_wait;
        if (fscanf(file, "%lld %lld", &of_run, &of_wait) == 2) {
            *run += of_run;
            *wait += of_wait;
        }
        fclose(file);
    }
    closedir(tasks);
    return true;
}

// Threads that ended take their times with them: a sum that falls says nothing.
static void measure(int64_t passed) {
    int64_t run, wait;
    if (!read_threads(&run, &wait)) return;
    if (run >= ran && wait >= waited) {
        const int64_t wanted = run - ran + wait - waited;
        const double share = (double)(wait - waited) / (double)(wanted > passed ? wanted : passed);
        // Smoothed, and never so slow that nothing happens.
        rate = 0.75 * rate + 0.25 * (1 - share);
        if (rate < 1.0 / 64) rate = 1.0 / 64;
    }
    ran = run;
    waited = wait;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    if (system_clock == NULL) system_clock = (clock_reader *)dlsym(RTLD_NEXT, "clock_gettime");
    const int result = system_clock(clock, time);
    if (clock != CLOCK_MONOTONIC || result != 0) return result;

    pthread_mutex_lock(&lock);
    // Read behind the lock: another thread may have measured in between.
    system_clock(clock, time);
    const int64_t now = nanoseconds(time);
    if (measured == 0) measured = shown = now;
    const int64_t board = shown + (int64_t)((double)(now - measured) * rate);
    if (now - measured >= interval) {
        measure(now - measured);
        measured = now;
        shown = board;
    }
    pthread_mutex_unlock(&lock);
    time->tv_sec = board / second;
    time->tv_nsec = board % second;
    return 0;
}

// What QEMU starts, if anything, has the host's time.
__attribute__((constructor)) static void begin(void) { unsetenv("LD_PRELOAD"); }
