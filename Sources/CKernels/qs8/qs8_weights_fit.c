#include "ckernels_qs8.h"

int ck_qs8_weights_fit(size_t k, size_t n, const int8_t *packed) {
    for (size_t block = 0; block < n; block += 8) {
        for (size_t p = 0; p < k; p += 16) {
            uint16_t sums[32] = {0};
            uint8_t lowest = 0;
            for (size_t group = p; group < k && group < p + 16; group += 4, packed += 32) {
                for (size_t i = 0; i < 32; i++) {
                    lowest |= packed[i] == -128;
                    sums[i] += (uint16_t)(packed[i] < 0 ? -packed[i] : packed[i]);
                }
            }
            uint16_t maximum = 0;
            for (size_t i = 0; i < 32; i++) maximum = sums[i] > maximum ? sums[i] : maximum;
            if (lowest || maximum > 254) return 0;
        }
    }
    return 1;
}
