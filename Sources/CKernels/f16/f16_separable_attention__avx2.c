#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_separable_attention.h"

CK_TARGET void f16_separable_attention__avx2(const ck_f16_separable *head) {
    separable_attention(head);
}

#endif
