#include "f16_vectors__neon.h"

#if defined(__ARM_NEON)
#define F16(kernel) f16_##kernel##__neon
#include "f16_vectors.h"
#endif
