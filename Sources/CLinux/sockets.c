#define _GNU_SOURCE
#include "clinux_sockets.h"
#include "results.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int unix_socket(const char *path, struct sockaddr_un *address, int *fd) {
    size_t length = strlen(path);
    _Static_assert(sizeof address->sun_path == 108, "clinux_unix_path_limit");
    if (length == 0) return ENOENT;
    if (length > clinux_unix_path_limit) return ENAMETOOLONG;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, path, length);
    return descriptor_of(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), fd);
}

static int listen_as(const char *name, const char *path, unsigned mode, int64_t group, int backlog, int *fd) {
    struct sockaddr_un address;
    int error = unix_socket(name, &address, fd);
    if (error != 0) return error;
    // The mode given before bind keeps others out from the start; the umask may take bits away, hence chmod.
    if (fchmod(*fd, mode) != 0) return close_with(errno, fd);
    if (bind(*fd, (const struct sockaddr *)&address, sizeof address) != 0) return close_with(errno, fd);
    // Only a member may give the file to the group; who is none continues with its own.
    const bool has_group = group < 0 || lchown(name, (uid_t)-1, (gid_t)group) == 0 || errno == EPERM || errno == EINVAL;
    const bool listens = has_group && chmod(name, mode) == 0 && listen(*fd, backlog) == 0;
    if (!listens || (name != path && link(name, path) != 0)) error = errno;
    if (name != path || error != 0) unlink(name);
    return error == 0 ? 0 : close_with(error, fd);
}

int clinux_unix_listen(const char *path, unsigned mode, int64_t group, int backlog, int *fd) {
    char beside[sizeof((struct sockaddr_un *)NULL)->sun_path];
    const int length = snprintf(beside, sizeof beside, "%s.%ld", path, (long)getpid());
    const bool has_room = *path != '\0' && length < (int)sizeof beside;
    if (has_room && listen_as(beside, path, mode, group, backlog, fd) == 0) return 0;
    // Whatever the reason was, it is told of the name itself.
    return listen_as(path, path, mode, group, backlog, fd);
}

int64_t clinux_group(const char *name) {
    char text[4096];
    struct group group, *found;
    return getgrnam_r(name, &group, text, sizeof text, &found) == 0 && found != NULL ? (int64_t)group.gr_gid : -1;
}

// The number in an environment variable, which is then taken away; -1 without one.
static long take_number(const char *name) {
    const char *text = getenv(name);
    char *end = NULL;
    const long value = text == NULL || *text == 0 ? -1 : strtol(text, &end, 10);
    const int valid = end != NULL && *end == 0;
    unsetenv(name);
    return valid ? value : -1;
}

static int socket_option(int fd, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

int clinux_inherited_listener(int *fd) {
    const int first = 3;
    *fd = -1;
    const long process = take_number("LISTEN_PID"), count = take_number("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (process != (long)getpid() || count == 0) return 0;
    if (count != 1 || socket_option(first, SO_DOMAIN) != AF_UNIX || socket_option(first, SO_TYPE) != SOCK_STREAM ||
        socket_option(first, SO_ACCEPTCONN) != 1)
        return EINVAL;
    const int flags = fcntl(first, F_GETFL);
    if (flags < 0 || fcntl(first, F_SETFL, flags | O_NONBLOCK) != 0 || fcntl(first, F_SETFD, FD_CLOEXEC) != 0)
        return errno;
    *fd = first;
    return 0;
}

int clinux_unix_lock_directory(const char *path, int *fd) {
    char directory[sizeof((struct sockaddr_un *)0)->sun_path] = ".";
    const char *slash = strrchr(path, '/');
    const size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (length >= sizeof directory) return ENAMETOOLONG;
    if (length > 0) {
        memcpy(directory, path, length);
        directory[length] = 0;
    }
    *fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return errno;
    for (int tries = 0; flock(*fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (errno != EWOULDBLOCK || tries == 100) return close_with(errno, fd);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return 0;
}

int clinux_unix_connect(const char *path, int *fd) {
    struct sockaddr_un address;
    int error = unix_socket(path, &address, fd);
    if (error != 0) return error;
    if (connect(*fd, (const struct sockaddr *)&address, sizeof address) == 0) return 0;
    return close_with(errno, fd);
}

int clinux_accept(int listener, int send_buffer, int *fd) {
    *fd = TEMP_FAILURE_RETRY(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (*fd < 0) return errno;
    // Otherwise the system's default applies.
    (void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    return 0;
}

int clinux_set_send_buffer(int fd, int bytes) {
    return result_of(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes));
}

// The only failure is a peer that has gone.
void clinux_stop_receiving(int fd) { (void)shutdown(fd, SHUT_RD); }

int clinux_send(int fd, const void *bytes, size_t count, size_t *sent) {
    return count_of(TEMP_FAILURE_RETRY(send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT)), sent);
}

int clinux_receive(int fd, void *bytes, size_t count, size_t *got) {
    return count_of(TEMP_FAILURE_RETRY(recv(fd, bytes, count, MSG_DONTWAIT)), got);
}

int clinux_send_descriptor(int fd, const void *bytes, size_t count, int descriptor, size_t *sent) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    const struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(sizeof(int))};
    return count_of(TEMP_FAILURE_RETRY(sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT)), sent);
}

int clinux_receive_descriptor(int fd, void *bytes, size_t count, size_t *got, int *descriptor) {
    // The kernel closes what does not fit; alignment leaves room for a second one.
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = count};
    struct msghdr message;
    ssize_t result;
    do {
        message = (struct msghdr){
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        result = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (result < 0 && errno == EINTR);
    *descriptor = -1;
    if (count_of(result, got) != 0) return errno;
    for (struct cmsghdr *part_header = CMSG_FIRSTHDR(&message); part_header != NULL;
         part_header = CMSG_NXTHDR(&message, part_header)) {
        if (part_header->cmsg_level != SOL_SOCKET || part_header->cmsg_type != SCM_RIGHTS) continue;
        const size_t length = part_header->cmsg_len - CMSG_LEN(0);
        for (size_t offset = 0; offset + sizeof(int) <= length; offset += sizeof(int)) {
            int found;
            memcpy(&found, CMSG_DATA(part_header) + offset, sizeof found);
            if (*descriptor < 0) {
                *descriptor = found;
            } else {
                close(found);
            }
        }
    }
    return 0;
}

_Bool clinux_peer_has_received_all(int fd) {
    int unread = 0;
    return ioctl(fd, SIOCOUTQ, &unread) != 0 || unread == 0;
}
