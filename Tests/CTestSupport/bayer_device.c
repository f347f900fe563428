#include "ctest_bayer_device.h"

#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

static int enumerate(struct v4l2_fmtdesc *format) {
    if (format->index > 0) return EINVAL;
    format->pixelformat = V4L2_PIX_FMT_SGRBG8;
    return 0;
}

static int negotiate(struct v4l2_pix_format *format) {
    format->width = CTEST_BAYER_WIDTH;
    format->height = CTEST_BAYER_HEIGHT;
    format->pixelformat = V4L2_PIX_FMT_SGRBG8;
    format->field = V4L2_FIELD_NONE;
    format->bytesperline = CTEST_BAYER_WIDTH;
    format->sizeimage = CTEST_BAYER_WIDTH * CTEST_BAYER_HEIGHT;
    return 0;
}

static int describe(struct v4l2_capability *capability) {
    memset(capability, 0, sizeof *capability);
    strcpy((char *)capability->driver, "bayer");
    capability->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
    return 0;
}

int ctest_bayer_device(void *context, int fd, unsigned long request, void *argument) {
    (void)context, (void)fd;
    int error = ENOTTY;
    if (request == VIDIOC_QUERYCAP) error = describe(argument);
    if (request == VIDIOC_ENUM_FMT) error = enumerate(argument);
    if (request == VIDIOC_TRY_FMT) error = negotiate(&((struct v4l2_format *)argument)->fmt.pix);
    if (error == 0) return 0;
    errno = error;
    return -1;
}
