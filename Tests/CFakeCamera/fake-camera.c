// A camera in software for programs that are already built: preloaded, it answers what they ask of /dev/video*.
//
//     LD_PRELOAD=.build/debug/libFakeCamera.so FAKE_DEV=DIRECTORY swiftletd ...
//
// DIRECTORY stands for /dev: a file videoN in it describes a camera, directories v4l/by-id and v4l/by-path may hold links such
// as ../../videoN. One setting a line:
//
//     card TEXT | driver NAME | bus TEXT
//     mode FOURCC WIDTHxHEIGHT FPS     what it offers, in this order
//     frame FOURCC FILE                the frames of that format, sent in turn; relative to DIRECTORY
//     budget BYTES                     a second: VIDIOC_STREAMON gives ENOSPC for a mode that needs more. An uncompressed
//                                      frame needs two bytes a pixel, a JPEG a fifth of a byte
//     reject FOURCC ERRNO              what VIDIOC_STREAMON gives for that format; what open gives for "open"
//     stamp SECONDS                    is added to the driver's time of each frame
//     stamp unset                      no time at all, as a driver without V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC has it
//     stop-after N                     no frame after N until the stream is started again
//     every SECONDS                    between two frames, whatever the mode says: long exposures, dim light
//     damaged                          every frame carries V4L2_BUF_FLAG_ERROR
//     log FILE                         writes there what was set and started, a line each
//
// A file descriptor of the camera is a timer's: it becomes readable when a frame is due.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { CAMERAS = 8, MODES = 64, FRAMES = 64, BUFFERS = 8, REJECTIONS = 8 };

struct mode {
    uint32_t fourcc, width, height, fps;
};
struct frame {
    uint32_t fourcc;
    char *bytes;
    size_t count;
};
struct rejection {
    uint32_t fourcc;
    int error;
};

struct camera {
    int fd;
    char card[32], driver[16], bus[32], log[1024];
    struct mode modes[MODES];
    int mode_count;
    struct frame frames[FRAMES];
    int frame_count;
    struct rejection rejections[REJECTIONS];
    int rejection_count;
    double budget, stamp;
    int no_stamp, damaged;
    double every;
    long stop_after;
    struct mode set;
    int memory;
    size_t size;
    int buffer_count;
    int queued[BUFFERS], queued_count;
    int streams;
    uint32_t sequence;
    long sent;
    int turn;
};

static struct camera *cameras[CAMERAS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint32_t code(const char *text) { return v4l2_fourcc(text[0], text[1], text[2], text[3]); }

static struct camera *find(int fd) {
    for (int i = 0; i < CAMERAS; i++)
        if (cameras[i] && cameras[i]->fd == fd) return cameras[i];
    return NULL;
}

static void note(struct camera *camera, const char *what) {
    if (!camera->log[0]) return;
    FILE *file = fopen(camera->log, "a");
    if (!file) return;
    const uint32_t f = camera->set.fourcc;
    fprintf(
        file, "%s %c%c%c%c %ux%u %u\n", what, f & 255, f >> 8 & 255, f >> 16 & 255, f >> 24, camera->set.width,
        camera->set.height, camera->set.fps);
    fclose(file);
}

static void place(char *to, size_t size, const char *name) {
    if (name[0] == '/')
        snprintf(to, size, "%s", name);
    else
        snprintf(to, size, "%s/%s", getenv("FAKE_DEV"), name);
}

static void load(struct camera *camera, const char *fourcc, const char *name) {
    char path[2048];
    place(path, sizeof path, name);
    FILE *file = fopen(path, "r");
    if (!file || camera->frame_count == FRAMES) return;
    struct frame *frame = &camera->frames[camera->frame_count++];
    fseek(file, 0, SEEK_END);
    frame->count = (size_t)ftell(file);
    rewind(file);
    frame->bytes = malloc(frame->count + 1);
    frame->fourcc = code(fourcc);
    if (fread(frame->bytes, 1, frame->count, file) != frame->count) frame->count = 0;
    fclose(file);
}

static struct camera *read_camera(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) return NULL;
    struct camera *camera = calloc(1, sizeof *camera);
    char line[1024], word[64], text[512], size[64];
    int number;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%63s", word) != 1 || word[0] == '#') continue;
        if (sscanf(line, "card %31[^\n]", camera->card) == 1 || sscanf(line, "driver %15[^\n]", camera->driver) == 1 ||
            sscanf(line, "bus %31[^\n]", camera->bus) == 1 || sscanf(line, "budget %lf", &camera->budget) == 1 ||
            sscanf(line, "stop-after %ld", &camera->stop_after) == 1)
            continue;
        if (!strcmp(word, "stamp") && strstr(line, "unset")) {
            camera->no_stamp = 1;
            continue;
        }
        if (sscanf(line, "stamp %lf", &camera->stamp) == 1) continue;
        if (!strcmp(word, "damaged")) camera->damaged = 1;
        if (sscanf(line, "every %lf", &camera->every) == 1) continue;
        if (sscanf(line, "log %511s", text) == 1) place(camera->log, sizeof camera->log, text);
        if (sscanf(line, "reject %63s %d", text, &number) == 2 && camera->rejection_count < REJECTIONS)
            camera->rejections[camera->rejection_count++] = (struct rejection){code(text), number};
        struct mode mode;
        if (sscanf(line, "mode %63s %63s %u", text, size, &mode.fps) == 3 && camera->mode_count < MODES &&
            sscanf(size, "%ux%u", &mode.width, &mode.height) == 2) {
            mode.fourcc = code(text);
            camera->modes[camera->mode_count++] = mode;
        }
        char fourcc[64];
        if (sscanf(line, "frame %63s %511s", fourcc, text) == 2) load(camera, fourcc, text);
    }
    fclose(file);
    if (camera->mode_count) camera->set = camera->modes[0];
    return camera;
}

static const char *redirect(const char *path, char *to, size_t size) {
    const char *root = getenv("FAKE_DEV");
    if (!root || strncmp(path, "/dev", 4)) return path;
    if (path[4] && strncmp(path + 4, "/video", 6) && strncmp(path + 4, "/v4l", 4)) return path;
    snprintf(to, size, "%s%s", root, path + 4);
    return to;
}

static int reject(int error) {
    errno = error;
    return -1;
}

static int is_camera(const char *path) { return getenv("FAKE_DEV") && !strncmp(path, "/dev/video", 10); }

static int open_camera(const char *path) {
    struct camera *camera = read_camera(path);
    if (!camera) {
        errno = ENOENT;
        return -1;
    }
    camera->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    camera->memory = -1;
    for (int i = 0; i < camera->rejection_count; i++)
        if (camera->rejections[i].fourcc == code("open")) return reject(camera->rejections[i].error);
    pthread_mutex_lock(&lock);
    int done = 0;
    for (int i = 0; i < CAMERAS && !done; i++)
        if (!cameras[i]) {
            cameras[i] = camera;
            done = 1;
        }
    pthread_mutex_unlock(&lock);
    if (!done) {
        errno = EMFILE;
        return -1;
    }
    return camera->fd;
}

#define NEXT(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))

int open(const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    char other[1024];
    const char *real = redirect(path, other, sizeof other);
    if (is_camera(path)) return open_camera(real);
    return NEXT(open)(real, flags, mode);
}

int openat(int directory, const char *path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    mode_t mode = va_arg(list, mode_t);
    va_end(list);
    char other[1024];
    const char *real = redirect(path, other, sizeof other);
    if (is_camera(path)) return open_camera(real);
    return NEXT(openat)(directory, real, flags, mode);
}

int fstat(int fd, struct stat *status) {
    int result = NEXT(fstat)(fd, status);
    if (result == 0 && find(fd)) {
        status->st_mode = S_IFCHR | 0660;
        status->st_rdev = makedev(81, 0);
    }
    return result;
}

ssize_t readlink(const char *path, char *to, size_t size) {
    char other[1024];
    return NEXT(readlink)(redirect(path, other, sizeof other), to, size);
}

int inotify_add_watch(int fd, const char *path, uint32_t mask) {
    char other[1024];
    return NEXT(inotify_add_watch)(fd, redirect(path, other, sizeof other), mask);
}

int close(int fd) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < CAMERAS; i++)
        if (cameras[i] && cameras[i]->fd == fd) {
            struct camera *camera = cameras[i];
            if (camera->memory >= 0) NEXT(close)(camera->memory);
            for (int f = 0; f < camera->frame_count; f++) free(camera->frames[f].bytes);
            free(camera);
            cameras[i] = NULL;
        }
    pthread_mutex_unlock(&lock);
    return NEXT(close)(fd);
}

void *mmap(void *at, size_t count, int protection, int flags, int fd, off_t offset) {
    struct camera *camera = fd >= 0 ? find(fd) : NULL;
    return NEXT(mmap)(at, count, protection, flags, camera ? camera->memory : fd, offset);
}

static struct mode *nth(struct camera *camera, uint32_t fourcc, int index, int (*same)(struct mode *, struct mode *)) {
    for (int i = 0; i < camera->mode_count; i++) {
        int is_new = !fourcc || camera->modes[i].fourcc == fourcc;
        for (int j = 0; j < i && is_new; j++)
            if (same(&camera->modes[j], &camera->modes[i])) is_new = 0;
        if (is_new && index-- == 0) return &camera->modes[i];
    }
    return NULL;
}
static int same_format(struct mode *a, struct mode *b) { return a->fourcc == b->fourcc; }
static int same_size(struct mode *a, struct mode *b) {
    return same_format(a, b) && a->width == b->width && a->height == b->height;
}

static void describe(struct camera *camera, struct v4l2_pix_format *pix) {
    const int is_jpeg = camera->set.fourcc == code("MJPG"), is_grey = camera->set.fourcc == code("GREY");
    *pix = (struct v4l2_pix_format){
        .width = camera->set.width,
        .height = camera->set.height,
        .pixelformat = camera->set.fourcc,
        .field = V4L2_FIELD_NONE,
        .bytesperline = is_jpeg ? 0
            : is_grey           ? camera->set.width
                                : 2 * camera->set.width,
        .sizeimage = 2 * camera->set.width * camera->set.height,
        .colorspace = V4L2_COLORSPACE_SRGB};
}

static void run_timer(struct camera *camera, int runs) {
    long period = 1000000000L / (camera->set.fps ? camera->set.fps : 30);
    if (camera->every > 0) period = (long)(camera->every * 1e9);
    if (!runs) period = 0;
    struct timespec every = {period / 1000000000L, period % 1000000000L};
    struct itimerspec timer = {every, every};
    timerfd_settime(camera->fd, 0, &timer, NULL);
}

static int start(struct camera *camera) {
    const struct mode *set = &camera->set;
    double pixels = (double)set->width * set->height * set->fps;
    double needs = set->fourcc == code("MJPG") ? pixels / 5 : pixels * 2;
    for (int i = 0; i < camera->rejection_count; i++)
        if (camera->rejections[i].fourcc == set->fourcc) {
            note(camera, "rejected");
            return reject(camera->rejections[i].error);
        }
    if (camera->budget > 0 && needs > camera->budget) {
        note(camera, "rejected");
        return reject(ENOSPC);
    }
    note(camera, "started");
    camera->streams = 1;
    camera->sequence = 0;
    camera->sent = 0;
    run_timer(camera, 1);
    return 0;
}

static int dequeue(struct camera *camera, struct v4l2_buffer *buffer) {
    uint64_t ticks = 0;
    if (!camera->streams || read(camera->fd, &ticks, sizeof ticks) != sizeof ticks) return reject(EAGAIN);
    camera->sequence += (uint32_t)ticks;
    if (camera->stop_after && camera->sent >= camera->stop_after) {
        run_timer(camera, 0);
        return reject(EAGAIN);
    }
    if (!camera->queued_count) return reject(EAGAIN);
    int index = camera->queued[0];
    memmove(camera->queued, camera->queued + 1, (size_t)--camera->queued_count * sizeof(int));
    size_t count = camera->size;
    char *memory = NEXT(mmap)(
        NULL, camera->size, PROT_READ | PROT_WRITE, MAP_SHARED, camera->memory, index * (off_t)camera->size);
    int found = 0;
    for (int i = 0; i < camera->frame_count && !found; i++) {
        struct frame *frame = &camera->frames[(camera->turn + i) % camera->frame_count];
        if (frame->fourcc != camera->set.fourcc) continue;
        count = frame->count < camera->size ? frame->count : camera->size;
        memcpy(memory, frame->bytes, count);
        camera->turn = (camera->turn + i + 1) % camera->frame_count;
        found = 1;
    }
    if (!found) memset(memory, 128, camera->size);
    munmap(memory, camera->size);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double time = (double)now.tv_sec + (double)now.tv_nsec / 1e9 - 0.005 + camera->stamp;
    if (time < 0) time = 0;
    *buffer = (struct v4l2_buffer){
        .index = (uint32_t)index,
        .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
        .memory = V4L2_MEMORY_MMAP,
        .bytesused = (uint32_t)count,
        .sequence = camera->sequence - 1,
        .length = (uint32_t)camera->size};
    if (!camera->no_stamp) {
        buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
        buffer->timestamp.tv_sec = (long)time;
        buffer->timestamp.tv_usec = (long)((time - (double)(long)time) * 1e6);
    }
    if (camera->damaged) buffer->flags |= V4L2_BUF_FLAG_ERROR;
    camera->sent++;
    return 0;
}

static int answer(struct camera *camera, unsigned long request, void *argument) {
    switch (request) {
    case VIDIOC_QUERYCAP: {
        struct v4l2_capability *found = argument;
        memset(found, 0, sizeof *found);
        strcpy((char *)found->driver, camera->driver);
        strcpy((char *)found->card, camera->card);
        strcpy((char *)found->bus_info, camera->bus);
        found->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        found->capabilities = found->device_caps | V4L2_CAP_DEVICE_CAPS;
        return 0;
    }
    case VIDIOC_ENUM_FMT: {
        struct v4l2_fmtdesc *format = argument;
        struct mode *mode = format->type == V4L2_BUF_TYPE_VIDEO_CAPTURE
            ? nth(camera, 0, (int)format->index, same_format)
            : NULL;
        if (!mode) return reject(EINVAL);
        format->pixelformat = mode->fourcc;
        return 0;
    }
    case VIDIOC_ENUM_FRAMESIZES: {
        struct v4l2_frmsizeenum *size = argument;
        struct mode *mode = nth(camera, size->pixel_format, (int)size->index, same_size);
        if (!mode) return reject(EINVAL);
        size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
        size->discrete.width = mode->width;
        size->discrete.height = mode->height;
        return 0;
    }
    case VIDIOC_ENUM_FRAMEINTERVALS: {
        struct v4l2_frmivalenum *interval = argument;
        int index = (int)interval->index;
        for (int i = 0; i < camera->mode_count; i++) {
            struct mode *mode = &camera->modes[i];
            if (mode->fourcc != interval->pixel_format || mode->width != interval->width ||
                mode->height != interval->height)
                continue;
            if (index-- > 0) continue;
            interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
            interval->discrete = (struct v4l2_fract){1, mode->fps};
            return 0;
        }
        return reject(EINVAL);
    }
    case VIDIOC_G_FMT:
    case VIDIOC_S_FMT: {
        struct v4l2_format *format = argument;
        if (format->type != V4L2_BUF_TYPE_VIDEO_CAPTURE) return reject(EINVAL);
        if (request == VIDIOC_S_FMT) {
            struct mode *best = &camera->modes[0];
            for (int i = 0; i < camera->mode_count; i++)
                if (camera->modes[i].fourcc == format->fmt.pix.pixelformat) {
                    if (best->fourcc != camera->modes[i].fourcc) best = &camera->modes[i];
                    if (camera->modes[i].width == format->fmt.pix.width &&
                        camera->modes[i].height == format->fmt.pix.height) {
                        best = &camera->modes[i];
                        break;
                    }
                }
            camera->set = *best;
            note(camera, "set");
        }
        describe(camera, &format->fmt.pix);
        return 0;
    }
    case VIDIOC_S_PARM:
    case VIDIOC_G_PARM: {
        struct v4l2_streamparm *parameters = argument;
        struct v4l2_fract *time = &parameters->parm.capture.timeperframe;
        if (request == VIDIOC_S_PARM && time->numerator) {
            double wanted = (double)time->denominator / time->numerator, nearest = 1e9;
            uint32_t fps = camera->set.fps;
            for (int i = 0; i < camera->mode_count; i++)
                if (same_size(&camera->modes[i], &camera->set)) {
                    double distance = camera->modes[i].fps > wanted ? camera->modes[i].fps - wanted
                                                                    : wanted - camera->modes[i].fps;
                    if (distance < nearest) {
                        nearest = distance;
                        fps = camera->modes[i].fps;
                    }
                }
            camera->set.fps = fps;
            note(camera, "interval");
        }
        parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
        *time = (struct v4l2_fract){1, camera->set.fps};
        return 0;
    }
    case VIDIOC_REQBUFS: {
        struct v4l2_requestbuffers *wanted = argument;
        if (wanted->count > BUFFERS) wanted->count = BUFFERS;
        camera->queued_count = 0;
        camera->buffer_count = (int)wanted->count;
        camera->size = (2 * (size_t)camera->set.width * camera->set.height + 4095) / 4096 * 4096;
        if (camera->memory >= 0) NEXT(close)(camera->memory);
        camera->memory = memfd_create("fake-camera", MFD_CLOEXEC);
        return ftruncate(camera->memory, (off_t)(camera->size * (wanted->count ? wanted->count : 1)));
    }
    case VIDIOC_QUERYBUF: {
        struct v4l2_buffer *buffer = argument;
        if ((int)buffer->index >= camera->buffer_count) return reject(EINVAL);
        buffer->length = (uint32_t)camera->size;
        buffer->m.offset = buffer->index * (uint32_t)camera->size;
        return 0;
    }
    case VIDIOC_QBUF:
        if (camera->queued_count == BUFFERS) return reject(EINVAL);
        camera->queued[camera->queued_count++] = (int)((struct v4l2_buffer *)argument)->index;
        return 0;
    case VIDIOC_DQBUF: return dequeue(camera, argument);
    case VIDIOC_STREAMON: return start(camera);
    case VIDIOC_STREAMOFF:
        run_timer(camera, 0);
        camera->streams = 0;
        camera->queued_count = 0;
        return 0;
    default: return reject(ENOTTY);
    }
}

int ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void *argument = va_arg(list, void *);
    va_end(list);
    struct camera *camera = find(fd);
    return camera ? answer(camera, request, argument) : NEXT(ioctl)(fd, request, argument);
}

// libv4lconvert asks past ioctl().
long syscall(long number, ...) {
    va_list list;
    va_start(list, number);
    long a[6];
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_ioctl) return ioctl((int)a[0], (unsigned long)a[1], (void *)a[2]);
    if ((number == SYS_openat || number == SYS_openat2) && is_camera((const char *)a[1])) {
        char other[1024];
        return open_camera(redirect((const char *)a[1], other, sizeof other));
    }
    return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
