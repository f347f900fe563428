#include "CDeviceTests.h"
