#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)

#include "f16_separable_attention.h"

CK_TARGET void f16_separable_attention__neonfp16(const ck_f16_separable *head) {
    separable_attention(head);
}

#endif
