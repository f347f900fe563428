#define _GNU_SOURCE
#include "clinux_v4l2.h"
#include "results.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

_Static_assert(V4L2_FIELD_NONE == 1, "a whole frame");

static uint32_t type_of(bool planes) {
    return planes ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

static int control(int fd, unsigned long request, void *argument) {
    return result_of(TEMP_FAILURE_RETRY(ioctl(fd, request, argument)));
}

int clinux_v4l2_open(const char *path, int *fd) {
    return descriptor_of(open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK), fd);
}

static void copy_text(char *to, size_t capacity, const uint8_t *from, size_t count) {
    size_t length = strnlen((const char *)from, count);
    if (length >= capacity) length = capacity - 1;
    memcpy(to, from, length);
    to[length] = 0;
}

int clinux_v4l2_identify(int fd, struct clinux_v4l2_identity *identity) {
    struct v4l2_capability found = {0};
    memset(identity, 0, sizeof *identity);
    int error = control(fd, VIDIOC_QUERYCAP, &found);
    if (error != 0) return error;
    copy_text(identity->driver, sizeof identity->driver, found.driver, sizeof found.driver);
    copy_text(identity->card, sizeof identity->card, found.card, sizeof found.card);
    copy_text(identity->bus, sizeof identity->bus, found.bus_info, sizeof found.bus_info);
    uint32_t able = found.capabilities & V4L2_CAP_DEVICE_CAPS ? found.device_caps : found.capabilities;
    identity->captures = able & V4L2_CAP_VIDEO_CAPTURE;
    identity->captures_planes = able & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
    identity->streams = able & V4L2_CAP_STREAMING;
    return 0;
}

int clinux_v4l2_list_format(int fd, bool planes, uint32_t index, uint32_t *fourcc) {
    struct v4l2_fmtdesc found = {.index = index, .type = type_of(planes)};
    int error = control(fd, VIDIOC_ENUM_FMT, &found);
    *fourcc = found.pixelformat;
    return error;
}

int clinux_v4l2_list_size(int fd, uint32_t fourcc, uint32_t index, struct clinux_v4l2_size *size) {
    struct v4l2_frmsizeenum found = {.index = index, .pixel_format = fourcc};
    memset(size, 0, sizeof *size);
    int error = control(fd, VIDIOC_ENUM_FRAMESIZES, &found);
    if (error != 0) return error;
    if (found.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
        size->width = size->max_width = found.discrete.width;
        size->height = size->max_height = found.discrete.height;
        size->step_width = size->step_height = 1;
        return 0;
    }
    const struct v4l2_frmsize_stepwise *range = &found.stepwise;
    *size = (struct clinux_v4l2_size){true,
                                      range->min_width,
                                      range->min_height,
                                      range->max_width,
                                      range->max_height,
                                      range->step_width,
                                      range->step_height};
    return 0;
}

int clinux_v4l2_list_interval(
    int fd, uint32_t fourcc, uint32_t width, uint32_t height, uint32_t index, struct clinux_v4l2_interval *interval) {
    struct v4l2_frmivalenum found = {.index = index, .pixel_format = fourcc, .width = width, .height = height};
    memset(interval, 0, sizeof *interval);
    int error = control(fd, VIDIOC_ENUM_FRAMEINTERVALS, &found);
    if (error != 0) return error;
    const int discrete = found.type == V4L2_FRMIVAL_TYPE_DISCRETE;
    const struct v4l2_fract time = discrete ? found.discrete : found.stepwise.min;
    const struct v4l2_fract maximum = discrete ? found.discrete : found.stepwise.max;
    *interval = (struct clinux_v4l2_interval){
        !discrete, time.numerator, time.denominator, maximum.numerator, maximum.denominator};
    return 0;
}

static void read_format(const struct v4l2_format *from, bool planes, struct clinux_v4l2_format *to) {
    memset(to, 0, sizeof *to);
    if (planes) {
        const struct v4l2_pix_format_mplane *found = &from->fmt.pix_mp;
        *to = (struct clinux_v4l2_format){
            .fourcc = found->pixelformat,
            .width = found->width,
            .height = found->height,
            .plane_count = found->num_planes,
            .field = found->field,
            .colour_space = found->colorspace,
            .encoding = found->ycbcr_enc,
            .quantisation = found->quantization};
        for (size_t i = 0; i < to->plane_count && i < clinux_v4l2_planes; i++)
            to->planes[i] = (struct clinux_v4l2_plane){found->plane_fmt[i].bytesperline, found->plane_fmt[i].sizeimage};
        return;
    }
    const struct v4l2_pix_format *found = &from->fmt.pix;
    *to = (struct clinux_v4l2_format){
        .fourcc = found->pixelformat,
        .width = found->width,
        .height = found->height,
        .plane_count = 1,
        .planes = {{found->bytesperline, found->sizeimage}},
        .field = found->field,
        .colour_space = found->colorspace,
        .encoding = found->ycbcr_enc,
        .quantisation = found->quantization};
}

int clinux_v4l2_get_format(int fd, bool planes, struct clinux_v4l2_format *format) {
    struct v4l2_format found = {.type = type_of(planes)};
    int error = control(fd, VIDIOC_G_FMT, &found);
    if (error == 0) read_format(&found, planes, format);
    return error;
}

int clinux_v4l2_set_format(int fd, bool planes, struct clinux_v4l2_format *format) {
    struct v4l2_format wanted = {.type = type_of(planes)};
    if (planes) {
        wanted.fmt.pix_mp.pixelformat = format->fourcc;
        wanted.fmt.pix_mp.width = format->width;
        wanted.fmt.pix_mp.height = format->height;
        wanted.fmt.pix_mp.field = V4L2_FIELD_NONE;
    } else {
        wanted.fmt.pix.pixelformat = format->fourcc;
        wanted.fmt.pix.width = format->width;
        wanted.fmt.pix.height = format->height;
        wanted.fmt.pix.field = V4L2_FIELD_NONE;
    }
    int error = control(fd, VIDIOC_S_FMT, &wanted);
    if (error == 0) read_format(&wanted, planes, format);
    return error;
}

int clinux_v4l2_set_interval(int fd, bool planes, struct clinux_v4l2_interval *interval) {
    struct v4l2_streamparm wanted = {.type = type_of(planes)};
    wanted.parm.capture.timeperframe = (struct v4l2_fract){interval->numerator, interval->denominator};
    int error = control(fd, VIDIOC_S_PARM, &wanted);
    if (error != 0) return error;
    interval->numerator = wanted.parm.capture.timeperframe.numerator;
    interval->denominator = wanted.parm.capture.timeperframe.denominator;
    return 0;
}

int clinux_v4l2_request_buffers(int fd, bool planes, uint32_t *count) {
    struct v4l2_requestbuffers wanted = {.count = *count, .type = type_of(planes), .memory = V4L2_MEMORY_MMAP};
    int error = control(fd, VIDIOC_REQBUFS, &wanted);
    *count = error == 0 ? wanted.count : 0;
    return error;
}

// A buffer to ask the driver about, or to hand over; of one in planes, `parts` describes `count` of these.
static struct v4l2_buffer buffer_of(bool planes, uint32_t index, struct v4l2_plane *parts, uint32_t count) {
    struct v4l2_buffer buffer = {.index = index, .type = type_of(planes), .memory = V4L2_MEMORY_MMAP};
    if (planes) {
        buffer.m.planes = parts;
        buffer.length = count;
    }
    return buffer;
}

int clinux_v4l2_map(int fd, bool planes, uint32_t index, uint32_t plane, const void **address, size_t *byte_count) {
    struct v4l2_plane parts[VIDEO_MAX_PLANES] = {0};
    struct v4l2_buffer buffer = buffer_of(planes, index, parts, VIDEO_MAX_PLANES);
    *address = NULL;
    *byte_count = 0;
    int error = control(fd, VIDIOC_QUERYBUF, &buffer);
    if (error != 0) return error;
    if (planes && plane >= buffer.length) return EINVAL;
    size_t length = planes ? parts[plane].length : buffer.length;
    off_t offset = planes ? (off_t)parts[plane].m.mem_offset : (off_t)buffer.m.offset;
    void *mapped = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, offset);
    if (mapped == MAP_FAILED) return errno;
    *address = mapped;
    *byte_count = length;
    return 0;
}

int clinux_v4l2_queue(int fd, bool planes, uint32_t index, uint32_t plane_count) {
    struct v4l2_plane parts[VIDEO_MAX_PLANES] = {0};
    struct v4l2_buffer buffer = buffer_of(planes, index, parts, plane_count);
    return control(fd, VIDIOC_QBUF, &buffer);
}

int clinux_v4l2_dequeue(int fd, bool planes, struct clinux_v4l2_filled *filled) {
    struct v4l2_plane parts[VIDEO_MAX_PLANES] = {0};
    struct v4l2_buffer buffer = buffer_of(planes, 0, parts, VIDEO_MAX_PLANES);
    memset(filled, 0, sizeof *filled);
    int error = control(fd, VIDIOC_DQBUF, &buffer);
    if (error != 0) return error;
    filled->index = buffer.index;
    filled->sequence = buffer.sequence;
    filled->is_damaged = buffer.flags & V4L2_BUF_FLAG_ERROR;
    if ((buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK) == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC)
        filled->captured = (uint64_t)buffer.timestamp.tv_sec * 1000000000u + (uint64_t)buffer.timestamp.tv_usec * 1000u;
    for (size_t i = 0; i < clinux_v4l2_planes; i++) {
        if (!planes)
            filled->byte_counts[i] = i == 0 ? buffer.bytesused : 0;
        else if (i < buffer.length && parts[i].bytesused >= parts[i].data_offset)
            filled->byte_counts[i] = parts[i].bytesused;
    }
    return 0;
}

int clinux_v4l2_start(int fd, bool planes) {
    int type = (int)type_of(planes);
    return control(fd, VIDIOC_STREAMON, &type);
}

int clinux_v4l2_stop(int fd, bool planes) {
    int type = (int)type_of(planes);
    return control(fd, VIDIOC_STREAMOFF, &type);
}
