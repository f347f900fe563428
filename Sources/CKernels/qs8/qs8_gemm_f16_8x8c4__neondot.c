#include "qs8_tile__neondot.h"

#if defined(__aarch64__)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_f16_8x8c4__neondot(VALUES_PARAMETERS) { gemm_values(VALUES_ARGUMENTS); }

#endif
