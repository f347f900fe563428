#include "ckernels_f16.h"

#if defined(__ARM_NEON)

void f16_gemm_8x8__neon(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc);
void f16_dwconv3x3__neon(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo);
void f16_patches3x3_s2__neon(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches);
void f16_attention__neon(const ck_f16_attention *head);
void f16_separable_attention__neon(const ck_f16_separable *head);
void f16_layernorm__neon(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo);
void f16_sums__neon(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares);
void f16_affine__neon(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo);

const ck_f16_kernels *ck_f16_kernels_neon(void) {
    static const ck_f16_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = f16_gemm_8x8__neon,
        .dwconv3x3 = f16_dwconv3x3__neon,
        .patches3x3_s2 = f16_patches3x3_s2__neon,
        .attention = f16_attention__neon,
        .separable_attention = f16_separable_attention__neon,
        .layernorm = f16_layernorm__neon,
        .sums = f16_sums__neon,
        .affine = f16_affine__neon,
    };
    return &kernels;
}

#else

const ck_f16_kernels *ck_f16_kernels_neon(void) { return NULL; }

#endif
