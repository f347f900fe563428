#pragma once

enum { CTEST_BAYER_WIDTH = 64, CTEST_BAYER_HEIGHT = 48 };

/// The ioctl of a camera that delivers a Bayer pattern (SGRBG8) of that size and nothing else.
int ctest_bayer_device(void *_Nullable context, int fd, unsigned long request, void *_Nullable argument);
