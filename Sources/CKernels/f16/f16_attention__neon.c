#include "f16_vectors__neon.h"

#if defined(__ARM_NEON)

#include "f16_attention.h"

CK_TARGET void f16_attention__neon(const ck_f16_attention *head) {
    attention(head);
}

#endif
