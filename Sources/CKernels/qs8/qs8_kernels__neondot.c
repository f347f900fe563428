#include "qs8_neon.h"

#if defined(__aarch64__)

const ck_qs8_kernels *ck_qs8_kernels_neondot(void) {
    static const ck_qs8_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = qs8_gemm_8x8c4__neondot,
        .gemm_f16 = qs8_gemm_f16_8x8c4__neondot,
        .dwconv3x3 = qs8_dwconv3x3__neondot,
        .attention = qs8_attention__neondot,
        .separable_attention = qs8_separable_attention__neon,
        .layernorm = qs8_layernorm__neon,
        .sums = qs8_sums__neon,
        .affine = qs8_affine__neon,
    };
    return &kernels;
}

#else

const ck_qs8_kernels *ck_qs8_kernels_neondot(void) { return NULL; }

#endif
