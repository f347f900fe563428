// A library to preload that counts the calls of the allocator and of mmap and its kin, by the calling thread's name.
//
// The counts go to the file that SWIFTLET_ALLOCATIONS names, which is made again: another process reads them while this
// one runs. 64 records of a name, 16 bytes ended by nulls, and a number, 8 bytes; threads of one name share one. Calls
// that the C library makes to its own mmap and brk are not seen, but those of its malloc are, whatever their caller.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

enum { RECORDS = 64, NAME = 16 };
struct record {
    char name[NAME];
    uint64_t calls;
};
static struct record *records;

static void *map(void *address, size_t size, long protection, long flags, long file, long offset) {
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("SWIFTLET_ALLOCATIONS");
    if (!path) return;
    // Not for programs that this one starts: the file is one process's.
    unsetenv("LD_PRELOAD");
    const int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || ftruncate(file, RECORDS * sizeof *records) != 0) abort();
    void *shared = map(NULL, RECORDS * sizeof *records, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) abort();
    close(file);
    records = shared;
}

static void note(void) {
    if (!records) return;
    const int error = errno;
    // Asked for every time: a thread gets its name after its first call.
    char name[NAME] = "";
    prctl(PR_GET_NAME, name);
    static volatile int lock;
    while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {}
    int i = 0;
    while (i < RECORDS - 1 && records[i].name[0] && memcmp(records[i].name, name, NAME) != 0) i++;
    memcpy(records[i].name, name, NAME);
    records[i].calls++;
    __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
    errno = error;
}

void *malloc(size_t size) {
    note();
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
    note();
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size) {
    note();
    return __libc_realloc(old, size);
}

void free(void *memory) {
    if (memory) note();
    __libc_free(memory);
}

void *memalign(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    note();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    note();
    return map(address, size, protection, flags, file, offset);
}

void *mmap64(void *address, size_t size, int protection, int flags, int file, off64_t offset) {
    note();
    return map(address, size, protection, flags, file, offset);
}

int munmap(void *address, size_t size) {
    note();
    return (int)syscall(SYS_munmap, address, size);
}
