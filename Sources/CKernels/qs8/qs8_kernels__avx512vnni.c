#include "qs8_avx2.h"

#if defined(__x86_64__)

const ck_qs8_kernels *ck_qs8_kernels_avx512vnni(void) {
    static const ck_qs8_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = qs8_gemm_12x16c4__avx512vnni,
        .gemm_f16 = qs8_gemm_f16_12x16c4__avx512vnni,
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

const ck_qs8_kernels *ck_qs8_kernels_avx512vnni(void) { return NULL; }

#endif
