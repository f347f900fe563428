#include "qs8_tile__neondot.h"

#if defined(__aarch64__)

#include "qs8_attention__neon.h"

CK_TARGET void qs8_attention__neondot(const ck_qs8_attention *head) { attention(head); }

#endif
