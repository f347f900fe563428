#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_attention.h"

CK_TARGET void f16_attention__avx2(const ck_f16_attention *head) {
    attention(head);
}

#endif
