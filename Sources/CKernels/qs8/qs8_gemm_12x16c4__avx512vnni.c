#include "qs8_tile__avx512vnni.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_12x16c4__avx512vnni(GEMM_PARAMETERS) {
    ck_band band;
    gemm_by_activation(GEMM_ARGUMENTS, &band);
}

#endif
