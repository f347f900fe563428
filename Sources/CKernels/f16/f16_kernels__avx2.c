#include "ckernels_f16.h"

#if defined(__x86_64__)

void f16_gemm_4x16__avx2(
    size_t rows, size_t n, size_t k, const uint16_t *a, size_t lda, const uint16_t *b, const float *bias,
    ck_activation activation, const uint16_t *residual, size_t ldr, uint16_t *c, size_t ldc);
void f16_dwconv3x3__avx2(
    size_t width, size_t channels, size_t stride, const uint16_t *const rows[3], size_t ldi, const uint16_t *weights,
    const float *bias, ck_activation activation, uint16_t *output, size_t ldo);
void f16_patches3x3_s2__avx2(
    size_t height, size_t width, const uint8_t *image, const float gain[3], const float bias[3], size_t y,
    uint16_t *patches);
void f16_attention__avx2(const ck_f16_attention *head);
void f16_separable_attention__avx2(const ck_f16_separable *head);
void f16_layernorm__avx2(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    float epsilon, uint16_t *output, size_t ldo);
void f16_sums__avx2(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares);
void f16_affine__avx2(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, const float *gain, const float *shift,
    uint16_t *output, size_t ldo);

const ck_f16_kernels *ck_f16_kernels_avx2(void) {
    static const ck_f16_kernels kernels = {
        .activations = ck_fused_activations,
        .gemm = f16_gemm_4x16__avx2,
        .dwconv3x3 = f16_dwconv3x3__avx2,
        .patches3x3_s2 = f16_patches3x3_s2__avx2,
        .attention = f16_attention__avx2,
        .separable_attention = f16_separable_attention__avx2,
        .layernorm = f16_layernorm__avx2,
        .sums = f16_sums__avx2,
        .affine = f16_affine__avx2,
    };
    return &kernels;
}

#else

const ck_f16_kernels *ck_f16_kernels_avx2(void) { return NULL; }

#endif
