#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/// The activations of common/activations.inc, in its order from 0 on.
typedef enum {
#define ACTIVATION(enumerator, name) enumerator,
#include "../common/activations.inc"
#undef ACTIVATION
} ck_activation;

/// How many there are.
enum {
#define ACTIVATION(enumerator, name) +1
    ck_activation_count = 0
#include "../common/activations.inc"
#undef ACTIVATION
};

/// The activation's name; NULL for a number that is none.
static inline const char *ck_activation_name(ck_activation activation) {
    switch (activation) {
#define ACTIVATION(enumerator, name)                                                                                   \
    case enumerator: return name;
#include "../common/activations.inc"
#undef ACTIVATION
    }
    return NULL;
}

/// Activations as a set of bits: those that the GEMM and the depthwise convolutions of a kernel table apply to their sums.
typedef uint32_t ck_activation_set;
enum { ck_fused_activations = 1 << CK_IDENTITY | 1 << CK_RELU | 1 << CK_SILU };
static inline int ck_has_activation(ck_activation_set set, ck_activation activation) { return set >> activation & 1; }

/// memcpy and memset: Embedded Swift's own copies go byte by byte.
static inline void ck_copy(void *to, const void *from, size_t size) { memcpy(to, from, size); }
static inline void ck_clear(void *to, size_t size) { memset(to, 0, size); }
