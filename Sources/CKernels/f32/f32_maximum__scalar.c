#include "ckernels_vision.h"
#include <math.h>

float f32_maximum__scalar(size_t count, const float *input) {
    // Independent lanes, so that the comparisons can run side by side.
    enum { LANES = 16 };
    float lanes[LANES];
    for (size_t lane = 0; lane < LANES; lane++) lanes[lane] = -INFINITY;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            lanes[lane] = input[i + lane] > lanes[lane] ? input[i + lane] : lanes[lane];
        }
    }
    for (size_t lane = 0; i < count; i++, lane++) lanes[lane] = input[i] > lanes[lane] ? input[i] : lanes[lane];
    float maximum = -INFINITY;
    for (size_t lane = 0; lane < LANES; lane++) maximum = lanes[lane] > maximum ? lanes[lane] : maximum;
    return maximum;
}
