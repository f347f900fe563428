#include "f16_paths.h"

#include "../common/tables.h"

#define TWIN(slot, parameters) .slot = f16_##slot##__scalar,
#define OWN(path) F16_##path(CK_ENTRY)
#define TABLE(path, built, parts)                                                                                      \
    built(static const ck_f16_kernels path##_kernels = {CK_F16_KERNELS(TWIN) parts.activations = ck_fused_activations};)
CK_PATHS(TABLE, OWN)

const ck_f16_kernels *ck_f16_kernels_of(ck_path path) {
#define RETURN(path, built, parts)                                                                                     \
    built(case ck_path_##path : return CK_OWNS(path, F16_##path) ? &path##_kernels : NULL;)
    switch (path) {
        CK_PATHS(RETURN, CK_NOTHING)
    default: return NULL;
    }
}
