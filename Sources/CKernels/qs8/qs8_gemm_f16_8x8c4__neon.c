#include "qs8_tile__neon.h"

#if defined(__ARM_NEON)

#include "qs8_gemm__neon.h"

CK_TARGET void qs8_gemm_f16_8x8c4__neon(VALUES_PARAMETERS) { gemm_values(VALUES_ARGUMENTS); }

#endif
