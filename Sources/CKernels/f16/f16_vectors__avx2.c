#include "f16_vectors__avx2.h"

#if defined(__x86_64__)
#define F16(kernel) f16_##kernel##__avx2
#include "f16_vectors.h"
#endif
