#include "ckernels_vision.h"
#include "../common/f32_math.h"

void f32_softmax__scalar(size_t count, const float *input, float *output) {
    const float maximum = f32_maximum__scalar(count, input);
    for (size_t i = 0; i < count; i++) output[i] = ck_exp(input[i] - maximum);
    float sum = 0.0f;
    for (size_t i = 0; i < count; i++) sum += output[i];
    const float scale = 1.0f / sum;
    for (size_t i = 0; i < count; i++) output[i] *= scale;
}
