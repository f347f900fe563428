#include "qs8_tile__neon.h"

#if defined(__ARM_NEON)

#include "qs8_attention__neon.h"

CK_TARGET void qs8_attention__neon(const ck_qs8_attention *head) { attention(head); }

#endif
