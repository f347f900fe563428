#include "ckernels_vision.h"
#include "../common/f32_math.h"

void f32_ssd_box__scalar(
    const float *offsets, const float *anchor, float centre_variance, float size_variance, float *box) {
    for (int axis = 0; axis < 2; axis++) {
        const float centre = offsets[axis] * centre_variance * anchor[2 + axis] + anchor[axis];
        const float half = ck_exp(offsets[2 + axis] * size_variance) * anchor[2 + axis] * 0.5f;
        box[axis] = centre - half;
        box[2 + axis] = centre + half;
    }
}
