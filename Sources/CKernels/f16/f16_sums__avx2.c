#include "f16_vectors__avx2.h"

#if defined(__x86_64__)

#include "f16_normalise.h"

CK_TARGET void f16_sums__avx2(
    size_t rows, size_t channels, const uint16_t *input, size_t ldi, double *sum, double *squares) {
    sums(rows, channels, input, ldi, sum, squares);
}

#endif
