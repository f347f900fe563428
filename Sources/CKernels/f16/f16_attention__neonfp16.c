#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)

#include "f16_attention.h"

CK_TARGET void f16_attention__neonfp16(const ck_f16_attention *head) {
    attention(head);
}

#endif
