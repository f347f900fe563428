#include "qs8_scalar.h"

const ck_qs8_kernels *ck_qs8_kernels_avx512vnni(void) { return NULL; }
