#define _GNU_SOURCE
#include "CTestSupport.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

static size_t body_size(size_t size, size_t page) {
    const size_t pages = (size + page - 1) / page;
    return (pages > 0 ? pages : 1) * page;
}

void *ctest_map_guarded(size_t size, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = body_size(size, page);
    char *mapping = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return NULL;
    if (mprotect(mapping + page, body, PROT_READ | PROT_WRITE) != 0) return NULL;
    return mapping + page + (at_end ? body - size : 0);
}

static void unmap(void *address, size_t size, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = body_size(size, page);
    munmap((char *)address - page - (at_end ? body - size : 0), body + 2 * page);
}

// Swift may release an operand before a call that holds only its pointer: mappings are given back some time later.
enum { KEPT = 64 };
static _Thread_local struct {
    void *address;
    size_t size;
    int at_end;
} kept[KEPT];
static _Thread_local size_t next;

void ctest_unmap_guarded(void *address, size_t size, int at_end) {
    if (kept[next].address) unmap(kept[next].address, kept[next].size, kept[next].at_end);
    kept[next].address = address;
    kept[next].size = size;
    kept[next].at_end = at_end;
    next = (next + 1) % KEPT;
}

double ctest_exp(double x) { return exp(x); }

double ctest_erfc(double x) { return erfc(x); }
