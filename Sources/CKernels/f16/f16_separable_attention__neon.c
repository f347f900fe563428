#include "f16_vectors__neon.h"

#if defined(__ARM_NEON)

#include "f16_separable_attention.h"

CK_TARGET void f16_separable_attention__neon(const ck_f16_separable *head) {
    separable_attention(head);
}

#endif
