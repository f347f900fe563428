#include "qs8_avx2.h"

#if defined(__x86_64__)

const ck_qs8_kernels *ck_qs8_kernels_avx2(void) {
    static const ck_qs8_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = qs8_gemm_1x32c4__avx2,
        .gemm_f16 = qs8_gemm_f16_1x32c4__avx2,
        .dwconv3x3 = qs8_dwconv3x3__avx2,
        .attention = qs8_attention__avx2,
        .separable_attention = qs8_separable_attention__avx2,
        .layernorm = qs8_layernorm__avx2,
        .sums = qs8_sums__avx2,
        .affine = qs8_affine__avx2,
    };
    return &kernels;
}

#else

const ck_qs8_kernels *ck_qs8_kernels_avx2(void) { return NULL; }

#endif
