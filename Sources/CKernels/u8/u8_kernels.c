#include "u8_paths.h"

#include "../common/tables.h"

#define TWIN(slot, parameters) .slot = u8_##slot##__scalar,
#define OWN(path) U8_##path(CK_ENTRY)
#define TABLE(path, built, parts) built(static const ck_u8_kernels path##_kernels = {CK_U8_KERNELS(TWIN) parts};)
CK_PATHS(TABLE, OWN)

const ck_u8_kernels *ck_u8_kernels_of(ck_path path) {
#define RETURN(path, built, parts) built(case ck_path_##path : return &path##_kernels;)
    switch (path) {
        CK_PATHS(RETURN, CK_NOTHING)
    default: return NULL;
    }
}
