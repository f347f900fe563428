#include "f16_scalar.h"

const ck_f16_kernels *ck_f16_kernels_scalar(void) {
    static const ck_f16_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = f16_gemm_1x1__scalar,
        .dwconv3x3 = f16_dwconv3x3__scalar,
        .patches3x3_s2 = f16_patches3x3_s2__scalar,
        .attention = f16_attention__scalar,
        .separable_attention = f16_separable_attention__scalar,
        .layernorm = f16_layernorm__scalar,
        .sums = f16_sums__scalar,
        .affine = f16_affine__scalar,
    };
    return &kernels;
}
