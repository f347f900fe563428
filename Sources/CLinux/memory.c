#define _GNU_SOURCE
#include "clinux_memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

void clinux_save_memory(void) {
    // Advice, both: what the system ignores costs memory, nothing else.
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    mallopt(M_ARENA_MAX, 1);
}

int clinux_map_anonymous(size_t size, bool populate, void **address) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (populate ? MAP_POPULATE : MAP_NORESERVE);
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mapped == MAP_FAILED) {
        *address = NULL;
        return errno;
    }
    // A huge page would make the first byte cost 2 MiB.
    if (!populate) madvise(mapped, size, MADV_NOHUGEPAGE);
    *address = mapped;
    return 0;
}

bool clinux_can_map(size_t size) {
    void *mapped = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return mapped != MAP_FAILED && munmap(mapped, size) == 0;
}

int clinux_unmap(const void *address, size_t size) {
    if (address == NULL && size == 0) return 0;
    return munmap((void *)address, size) == 0 ? 0 : errno;
}

void clinux_forget(const void *address, size_t size) {
    // Advice: where the system does not take it, the pages just stay.
    if (size > 0) madvise((void *)address, size, MADV_DONTNEED);
}

void clinux_give_back(void *address, size_t size) {
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t start = ((uintptr_t)address + page - 1) / page * page;
    const uintptr_t end = ((uintptr_t)address + size) / page * page;
    // Advice: where the system does not take it, the pages just stay.
    if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
}

void clinux_populate(void *address, size_t size) {
    volatile char *bytes = address;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < size; i += page) bytes[i] = 0;
}

void clinux_trim_heap(void) { malloc_trim(0); }

void clinux_copy(void *to, const void *from, size_t count) { memcpy(to, from, count); }

size_t clinux_find_byte(const void *bytes, size_t count, unsigned char byte) {
    const char *found = memchr(bytes, byte, count);
    return found == NULL ? count : (size_t)(found - (const char *)bytes);
}
