#include "qs8_tile__neon.h"

#if defined(__ARM_NEON)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_8x8c4__neon(GEMM_PARAMETERS) { gemm_by_activation(GEMM_ARGUMENTS, NULL); }

#endif
