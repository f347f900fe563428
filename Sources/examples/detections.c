// Prints image, label, score and box of each detection of swiftletd: detections [SOCKET [MIN_SCORE]]
//
//     cc -O2 -o detections detections.c
//
// When the daemon goes, it waits and connects again; when the daemon's source has ended, it ends. Needs libc only: the
// little of JSON that a client needs is read below.

#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    line_limit = 256 << 10, // the longest line is hello
    max_nested = 32,
    exit_usage = 64,
    exit_unavailable = 69,
    exit_io = 74,
    exit_protocol = 76, // sysexits.h
};

static void fail(int code, const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(code);
}

// --- JSON: pointers into a line that ends with NUL. Every function returns NULL for what is no JSON.

static const char *skip_space(const char *at) {
    while (*at == ' ' || *at == '\t' || *at == '\r') at++;
    return at;
}

// From the opening quote to behind the closing one.
static const char *skip_string(const char *at) {
    if (*at != '"') return NULL;
    for (at++; *at != '"'; at++) {
        if (*at == '\\') at++;
        if (*at == 0) return NULL;
    }
    return at + 1;
}

static const char *skip_value(const char *at, int depth) {
    at = skip_space(at);
    if (*at == '"') return skip_string(at);
    if (*at != '{' && *at != '[') {
        size_t count = strcspn(at, ",]} \t\r");
        return count > 0 ? at + count : NULL;
    }
    const bool is_object = *at == '{';
    const char end = is_object ? '}' : ']';
    if (depth == max_nested) return NULL;
    at = skip_space(at + 1);
    if (*at == end) return at + 1;
    while (true) {
        if (is_object) {
            at = skip_string(skip_space(at));
            if (!at) return NULL;
            at = skip_space(at);
            if (*at++ != ':') return NULL;
        }
        at = skip_value(at, depth + 1);
        if (!at) return NULL;
        at = skip_space(at);
        if (*at == end) return at + 1;
        if (*at++ != ',') return NULL;
    }
}

// The value of a key in an object whose text is well formed, or NULL.
static const char *member(const char *object, const char *key) {
    const size_t length = strlen(key);
    const char *at = skip_space(object);
    if (*at != '{') return NULL;
    at = skip_space(at + 1);
    while (*at == '"') {
        const char *name = at + 1, *end = skip_string(at);
        const char *value = skip_space(skip_space(end) + 1);
        if ((size_t)(end - 1 - name) == length && memcmp(name, key, length) == 0) return value;
        at = skip_space(skip_value(value, 0));
        if (*at == ',') at = skip_space(at + 1);
    }
    return NULL;
}

// The first element of an array, and the one after another; NULL behind the last.
static const char *first(const char *array) {
    if (!array || *array != '[') return NULL;
    array = skip_space(array + 1);
    return *array == ']' ? NULL : array;
}

static const char *next(const char *element) {
    element = skip_space(skip_value(element, 0));
    return *element == ',' ? skip_space(element + 1) : NULL;
}

static bool is_text(const char *value, const char *text) {
    const size_t length = strlen(text);
    return value && *value == '"' && strncmp(value + 1, text, length) == 0 && value[1 + length] == '"';
}

static unsigned hexadecimal(const char *at) {
    char digits[5] = {0};
    strncpy(digits, at, 4);
    return (unsigned)strtoul(digits, NULL, 16);
}

static void print_utf8(unsigned code) {
    if (code < 0x20 || code == 0x7F) code = '?'; // one line stays one line
    if (code < 0x80) {
        putchar((int)code);
    } else {
        if (code < 0x800) {
            putchar((int)(0xC0 | code >> 6));
        } else {
            if (code < 0x10000) {
                putchar((int)(0xE0 | code >> 12));
            } else {
                putchar((int)(0xF0 | code >> 18));
                putchar((int)(0x80 | (code >> 12 & 0x3F)));
            }
            putchar((int)(0x80 | (code >> 6 & 0x3F)));
        }
        putchar((int)(0x80 | (code & 0x3F)));
    }
}

// A text without its quotes and escapes; anything else as it is.
static void print_value(const char *value) {
    if (!value) return;
    const char *end = skip_value(value, 0);
    if (*value != '"') {
        fwrite(value, 1, (size_t)(end - value), stdout);
        return;
    }
    for (const char *at = value + 1; at < end - 1; at++) {
        if (*at != '\\') {
            putchar(*at);
            continue;
        }
        at++;
        if (*at != 'u') {
            putchar(strchr("nrtbf", *at) ? '?' : *at);
            continue;
        }
        if (end - 1 - at < 5) return;
        unsigned code = hexadecimal(at + 1);
        at += 4;
        if (code >> 10 == 0x36 && end - 1 - at > 6 && at[1] == '\\' && at[2] == 'u') {
            code = 0x10000 + ((code & 0x3FF) << 10 | (hexadecimal(at + 3) & 0x3FF));
            at += 6;
        }
        print_utf8(code);
    }
}

// --- The stream.

// Returns whether it was the last line of a source.
static bool take(const char *line, double minimum) {
    const char *end = skip_value(line, 0);
    if (*skip_space(line) != '{' || !end || *skip_space(end) != 0) {
        fail(exit_protocol, "swiftletd: sent something that is no line of its protocol");
    }
    const char *type = member(line, "type");
    if (is_text(type, "hello")) {
        const char *protocol = member(line, "protocol");
        if (!protocol || strtod(protocol, NULL) != 1) fail(exit_protocol, "swiftletd: speaks a protocol other than 1");
    } else if (is_text(type, "error")) {
        // The daemon closes the connection, and the next one may go better.
        fprintf(stderr, "%s\n", line);
    } else if (is_text(type, "dropped")) {
        const char *lines = member(line, "lines");
        fprintf(stderr, "too slow: %ld lines lost\n", lines ? strtol(lines, NULL, 10) : 0);
    } else if (is_text(type, "end")) {
        return true;
    } else if (is_text(type, "frame")) {
        // A classifier's frames list classes, which have no box; a segmenter's have a share of the image in place of a score.
        const char *list = member(line, "detections");
        if (!list) list = member(line, "classes");
        for (const char *found = first(list); found; found = next(found)) {
            const char *score = member(found, "score");
            if (!score) score = member(found, "share");
            // Frames that were under way before the request are complete: hence the comparison.
            if (!score || strtod(score, NULL) < minimum) continue;
            print_value(member(line, "picture"));
            putchar('\t');
            print_value(member(found, "label"));
            putchar('\t');
            print_value(score);
            for (const char *edge = first(member(found, "box_px")); edge; edge = next(edge)) {
                putchar('\t');
                print_value(edge);
            }
            putchar('\n');
        }
        if (fflush(stdout) != 0) fail(exit_io, "cannot write any more");
    }
    return false;
}

static int connected(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    const int stream = socket(AF_UNIX, SOCK_STREAM, 0);
    if (stream >= 0 && connect(stream, (const struct sockaddr *)&address, sizeof address) == 0) return stream;
    if (stream >= 0) close(stream);
    return -1;
}

// Reads up to the connection's end. Returns whether the source has ended.
static bool read_lines(int stream, double minimum) {
    static char buffer[line_limit + 1];
    size_t count = 0;
    bool has_ended = false;
    while (true) {
        const ssize_t got = recv(stream, buffer + count, line_limit - count, 0);
        if (got < 0 && errno == EINTR) continue;
        // What is left of a line that the daemon did not finish is of no use.
        if (got <= 0) return has_ended;
        char *start = buffer, *newline, *seen = buffer + count;
        count += (size_t)got;
        while ((newline = memchr(seen, '\n', (size_t)(buffer + count - seen)))) {
            *newline = 0;
            has_ended = take(start, minimum);
            start = seen = newline + 1;
        }
        count -= (size_t)(start - buffer);
        memmove(buffer, start, count);
        if (count == line_limit) fail(exit_protocol, "swiftletd: sent a line that is too long");
    }
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "/run/swiftlet/swiftlet.sock";
    const char *text = argc > 2 ? argv[2] : "0.5";
    char *rest;
    const double minimum = strtod(text, &rest);
    if (argc > 3 || rest == text || *rest != 0) fail(exit_usage, "usage: detections [SOCKET [MIN_SCORE]]");
    char request[64];
    const int length = snprintf(request, sizeof request, "{\"min_score\":%.6f}\n", minimum);
    long pause_ms = 0;
    for (bool was_connected = false;; was_connected = true) {
        const int stream = connected(path);
        if (stream >= 0) {
            pause_ms = 0;
            // A daemon that is gone already is found by the next call.
            (void)send(stream, request, (size_t)length, MSG_NOSIGNAL);
            const bool has_ended = read_lines(stream, minimum);
            close(stream);
            if (has_ended) return 0;
        } else if (!was_connected) {
            fprintf(stderr, "no swiftletd at %s (%m): start it, or name its socket\n", path);
            return exit_unavailable;
        }
        // Twice as long each time, from a quarter of a second to eight.
        pause_ms = pause_ms == 0 ? 250 : pause_ms < 8000 ? pause_ms * 2 : pause_ms;
        nanosleep(&(struct timespec){pause_ms / 1000, pause_ms % 1000 * 1000000}, NULL);
    }
}
