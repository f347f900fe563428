#include "qs8_tile__avx2.h"

#if defined(__x86_64__)

#include "qs8_gemm__avx2.h"

CK_TARGET void qs8_gemm_1x32c4__avx2(GEMM_PARAMETERS) {
    if (k > MAX_K) {
        qs8_gemm__scalar(GEMM_ARGUMENTS);
        return;
    }
    ck_band band;
    gemm_by_activation(GEMM_ARGUMENTS, &band);
}

#endif
