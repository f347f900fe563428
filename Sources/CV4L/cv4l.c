#include "CV4L.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include <libv4l-plugin.h>
#include <libv4lconvert.h>

struct cv4l_converter {
    struct v4lconvert_data *data;
    struct libv4l_dev_ops replacement;
};

cv4l_converter *cv4l_create(int fd, cv4l_ioctl replacement) {
    cv4l_converter *converter = calloc(1, sizeof *converter);
    if (!converter) return NULL;
    if (replacement) {
        converter->replacement.ioctl = replacement;
        converter->data = v4lconvert_create_with_dev_ops(fd, NULL, &converter->replacement);
    } else {
        converter->data = v4lconvert_create(fd);
    }
    if (converter->data) return converter;
    free(converter);
    return NULL;
}

void cv4l_destroy(cv4l_converter *converter) {
    if (!converter) return;
    v4lconvert_destroy(converter->data);
    free(converter);
}

static struct v4l2_format planar(uint32_t width, uint32_t height) {
    struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    format.fmt.pix.width = width;
    format.fmt.pix.height = height;
    format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUV420;
    format.fmt.pix.field = V4L2_FIELD_NONE;
    v4lconvert_fixup_fmt(&format);
    return format;
}

int cv4l_find(cv4l_converter *converter, struct cv4l_format *source) {
    struct v4l2_format wanted = planar(source->width, source->height), found = {0};
    if (v4lconvert_try_format(converter->data, &wanted, &found) != 0) return errno ? errno : EINVAL;
    if (wanted.fmt.pix.pixelformat != V4L2_PIX_FMT_YUV420 || found.fmt.pix.pixelformat == V4L2_PIX_FMT_YUV420)
        return ENOTSUP;
    *source = (struct cv4l_format){
        found.fmt.pix.pixelformat, found.fmt.pix.width, found.fmt.pix.height, found.fmt.pix.bytesperline,
        found.fmt.pix.sizeimage};
    return 0;
}

int cv4l_convert(
    cv4l_converter *converter, const struct cv4l_format *source, const void *frame, size_t count, uint8_t *output,
    size_t capacity) {
    if (count > INT_MAX || capacity > INT_MAX) return EBADMSG;
    struct v4l2_format from = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE}, to = planar(source->width, source->height);
    from.fmt.pix.width = source->width;
    from.fmt.pix.height = source->height;
    from.fmt.pix.pixelformat = source->fourcc;
    from.fmt.pix.field = V4L2_FIELD_NONE;
    from.fmt.pix.bytesperline = source->row_bytes;
    from.fmt.pix.sizeimage = source->byte_count;
    // libv4l's type is not const; it reads only.
    int written = v4lconvert_convert(
        converter->data, &from, &to, (unsigned char *)frame, (int)count, output, (int)capacity);
    return written == (int)(source->width * source->height / 2 * 3) ? 0 : EBADMSG;
}
