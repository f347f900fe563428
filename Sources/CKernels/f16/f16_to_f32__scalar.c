#include "../common/f16_convert.h"
#include "CKernels.h"

void f16_to_f32__scalar(size_t count, const uint16_t *input, float *output) {
    for (size_t i = 0; i < count; i++) output[i] = ck_f16_to_f32(input[i]);
}
