#pragma once

/// What is applied to a sum before it is stored.
typedef enum {
    CK_IDENTITY = 0,
    CK_RELU = 1,
    CK_SILU = 2,
} ck_activation;
