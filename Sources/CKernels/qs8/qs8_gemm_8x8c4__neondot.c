#include "qs8_tile__neondot.h"

#if defined(__aarch64__)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_8x8c4__neondot(GEMM_PARAMETERS) { gemm_by_activation(GEMM_ARGUMENTS, NULL); }

#endif
