#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_f16_1x32c4__avx2(VALUES_PARAMETERS) {
    if (k > MAX_K)
        qs8_gemm_f16__scalar(VALUES_ARGUMENTS);
    else
        gemm_values(VALUES_ARGUMENTS);
}

#endif
