#include "ckernels_qs8.h"

void qs8_pack__scalar(size_t k, size_t n, const int8_t *b, size_t ldb, int8_t *packed) {
    for (size_t block = 0; block < n; block += 8)
        for (size_t group = 0; group < k; group += 4)
            for (size_t j = 0; j < 8; j++)
                for (size_t p = 0; p < 4; p++)
                    *packed++ = block + j < n && group + p < k ? b[(group + p) * ldb + block + j] : 0;
}
