#pragma once

#include <stddef.h>
#include <string.h>

/// What is applied to a sum before it is stored.
typedef enum {
    CK_IDENTITY = 0,
    CK_RELU = 1,
    CK_SILU = 2,
} ck_activation;

/// memcpy and memset: Embedded Swift's own copies go byte by byte.
static inline void ck_copy(void *to, const void *from, size_t size) { memcpy(to, from, size); }
static inline void ck_clear(void *to, size_t size) { memset(to, 0, size); }
