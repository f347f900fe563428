#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Video capture (V4L2) with memory-mapped buffers. Names of formats are four-character codes as V4L2 has them.

enum { clinux_v4l2_planes = 3 };

struct clinux_v4l2_identity {
    /// Null-terminated.
    char driver[16];
    char card[32];
    char bus[32];
    /// Whether frames come in through one buffer each, or one per plane; neither: this is no camera.
    bool captures;
    bool captures_planes;
    /// Whether memory-mapped streaming is offered.
    bool streams;
};

struct clinux_v4l2_plane {
    uint32_t row_bytes;
    uint32_t byte_count;
};

struct clinux_v4l2_format {
    uint32_t fourcc;
    uint32_t width;
    uint32_t height;
    uint32_t plane_count;
    struct clinux_v4l2_plane planes[clinux_v4l2_planes];
    /// enum v4l2_field: 1 is a whole frame.
    uint32_t field;
    /// enum v4l2_colorspace, v4l2_ycbcr_encoding and v4l2_quantization.
    uint32_t colour_space;
    uint32_t encoding;
    uint32_t quantisation;
};

/// A size, or with `is_range` a range of sizes in steps.
struct clinux_v4l2_size {
    bool is_range;
    uint32_t width, height;
    uint32_t max_width, max_height;
    uint32_t step_width, step_height;
};

/// The time between two frames in seconds, as a fraction; with `is_range` the shortest that there is, and the longest.
struct clinux_v4l2_interval {
    bool is_range;
    uint32_t numerator, denominator;
    uint32_t max_numerator, max_denominator;
};

/// A buffer that the driver has filled.
struct clinux_v4l2_filled {
    uint32_t index;
    uint32_t sequence;
    /// The driver says that its content is damaged.
    bool is_damaged;
    /// Nanoseconds of CLOCK_MONOTONIC when the frame was captured; 0 where the driver counts by another clock.
    uint64_t captured;
    uint32_t byte_counts[clinux_v4l2_planes];
};

/// Opens a device node without waiting for anything.
int clinux_v4l2_open(const char *_Nonnull path, int *_Nonnull fd);
int clinux_v4l2_identify(int fd, struct clinux_v4l2_identity *_Nonnull identity);

int clinux_v4l2_list_format(int fd, bool planes, uint32_t index, uint32_t *_Nonnull fourcc);
int clinux_v4l2_list_size(int fd, uint32_t fourcc, uint32_t index, struct clinux_v4l2_size *_Nonnull size);
int clinux_v4l2_list_interval(
    int fd, uint32_t fourcc, uint32_t width, uint32_t height, uint32_t index,
    struct clinux_v4l2_interval *_Nonnull interval);

/// The format that is set.
int clinux_v4l2_get_format(int fd, bool planes, struct clinux_v4l2_format *_Nonnull format);
/// Asks for a format by its fourcc and size; `format` becomes what the driver made of that.
int clinux_v4l2_set_format(int fd, bool planes, struct clinux_v4l2_format *_Nonnull format);
/// Asks for an interval, which becomes what the driver made of it.
int clinux_v4l2_set_interval(int fd, bool planes, struct clinux_v4l2_interval *_Nonnull interval);

/// Asks for `count` buffers, which becomes how many there are; 0 gives all back.
int clinux_v4l2_request_buffers(int fd, bool planes, uint32_t *_Nonnull count);
/// Maps one plane of a buffer for reading.
int clinux_v4l2_map(
    int fd, bool planes, uint32_t index, uint32_t plane, const void *_Nullable *_Nonnull address,
    size_t *_Nonnull byte_count);
/// Hands a buffer to the driver.
int clinux_v4l2_queue(int fd, bool planes, uint32_t index, uint32_t plane_count);
/// Takes a filled buffer from the driver. EAGAIN: there is none.
int clinux_v4l2_dequeue(int fd, bool planes, struct clinux_v4l2_filled *_Nonnull filled);
int clinux_v4l2_start(int fd, bool planes);
/// Stops the stream; the driver gives all buffers back.
int clinux_v4l2_stop(int fd, bool planes);
