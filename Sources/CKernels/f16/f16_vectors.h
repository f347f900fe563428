#pragma once

// The kernels of a path that has vectors: its header f16_vectors__PATH.h comes first, and F16 names them.

#include "f16_attention.h"
#include "f16_dwconv.h"
#include "f16_dwconv3x3.h"
#include "f16_gemm.h"
#include "f16_normalise.h"
#include "f16_patches3x3_s2.h"
#include "f16_separable_attention.h"
