#include "hostile_device.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

// The linker leads all calls of ioctl and mmap here. Only those that belong to the device are answered.

static const uint8_t *input;
static size_t left;
static int device = -1;

void hostile_device_begin(int fd, const uint8_t *bytes, size_t count) {
    device = fd;
    input = bytes;
    left = count;
}

size_t hostile_device_end(void) {
    device = -1;
    return left;
}

static uint8_t next(void) {
    if (left == 0) return 0;
    left--;
    return *input++;
}

int __real_ioctl(int fd, unsigned long request, void *argument);
void *__real_mmap(void *at, size_t count, int protection, int flags, int fd, off_t offset);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__wrap_mmap(void *at, size_t count, int protection, int flags, int fd, off_t offset);

int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (fd != device || device < 0) return __real_ioctl(fd, request, argument);
    const uint8_t how = next();
    // Nothing more to say ends every list.
    if (left == 0 || how >= 0xE0) {
        errno = how > 0xE0 ? how & 0x1F : EINVAL;
        return -1;
    }
    if (!(_IOC_DIR(request) & _IOC_READ)) return 0;
    // So many of the answer's bytes, from a place on; the rest stays as it was asked.
    const size_t size = _IOC_SIZE(request);
    const size_t start = (how & 3) == 0 ? 0 : next() % size;
    size_t count = (how & 3) == 3 ? size : next();
    if (count > size - start) count = size - start;
    for (size_t i = 0; i < count; i++) ((uint8_t *)argument)[start + i] = next();
    return 0;
}

void *__wrap_mmap(void *at, size_t count, int protection, int flags, int fd, off_t offset) {
    if (fd != device || device < 0) return __real_mmap(at, count, protection, flags, fd, offset);
    if (count == 0 || count > 1 << 20) {
        errno = count ? ENOMEM : EINVAL;
        return MAP_FAILED;
    }
    void *memory = __real_mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return memory;
    uint8_t first = next();
    memset(memory, first, count);
    ((uint8_t *)memory)[0] = 0xFF;
    if (count > 2) ((uint8_t *)memory)[1] = 0xD8, ((uint8_t *)memory)[2] = 0xFF;
    return memory;
}
