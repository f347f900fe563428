#include "qs8_paths.h"

#include "../common/tables.h"

#define TWIN(slot, parameters) .slot = qs8_##slot##__scalar,
#define OWN(path) QS8_##path(CK_ENTRY)
#define TABLE(path, built, parts)                                                                                      \
    built(static const ck_qs8_kernels path##_kernels = {CK_QS8_KERNELS(TWIN) parts.activations = ck_fused_activations};)
CK_PATHS(TABLE, OWN)

const ck_qs8_kernels *ck_qs8_kernels_of(ck_path path) {
#define RETURN(path, built, parts)                                                                                     \
    built(case ck_path_##path : return CK_OWNS(path, QS8_##path) ? &path##_kernels : NULL;)
    switch (path) {
        CK_PATHS(RETURN, CK_NOTHING)
    default: return NULL;
    }
}
