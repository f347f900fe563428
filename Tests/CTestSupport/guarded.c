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

void ctest_unmap_guarded(void *address, size_t size, int at_end) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), body = body_size(size, page);
    munmap((char *)address - page - (at_end ? body - size : 0), body + 2 * page);
}

double ctest_exp(double x) { return exp(x); }
