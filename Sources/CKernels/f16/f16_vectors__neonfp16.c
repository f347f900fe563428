#include "f16_vectors__neonfp16.h"

#if defined(__aarch64__)
#define F16(kernel) f16_##kernel##__neonfp16
#include "f16_vectors.h"
#endif
