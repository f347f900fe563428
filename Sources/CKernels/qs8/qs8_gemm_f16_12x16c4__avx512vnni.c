#include "qs8_tile__avx512vnni.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_f16_12x16c4__avx512vnni(VALUES_PARAMETERS) { gemm_values(VALUES_ARGUMENTS); }

#endif
