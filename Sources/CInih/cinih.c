#include "CInih.h"

#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

// libinih's buffer holds a line, two bytes that end it, and a null.
enum { line_limit = cinih_line_limit, buffer_size = line_limit + 3 };

struct pass {
    const char *text;
    size_t count;
    size_t offset;
    // The line that libinih was given last, from 1.
    uint32_t line;
    // Lines that were refused, in order, and the next of them that this pass comes to.
    const uint32_t *refused;
    size_t refused_count;
    size_t next_refused;
    void *context;
    cinih_entry entry;
};

static size_t line_length(const char *text, size_t count) {
    const char *end = memchr(text, '\n', count);
    return end == NULL ? count : (size_t)(end - text);
}

// Gives libinih one line per call; a refused one is empty.
static char *next_line(char *buffer, int size, void *stream) {
    struct pass *pass = stream;
    (void)size;
    if (pass->offset >= pass->count) return NULL;
    const char *start = pass->text + pass->offset;
    const size_t length = line_length(start, pass->count - pass->offset);
    pass->offset += length + 1;
    pass->line++;
    size_t copied = 0;
    if (pass->next_refused < pass->refused_count && pass->refused[pass->next_refused] == pass->line) {
        pass->next_refused++;
    } else {
        memcpy(buffer, start, length);
        copied = length;
    }
    buffer[copied] = '\n';
    buffer[copied + 1] = 0;
    return buffer;
}

static int take_entry(void *user, const char *section, const char *key, const char *value) {
    const struct pass *pass = user;
    if (pass->entry != NULL) pass->entry(pass->context, pass->line, section, key, value);
    return 1;
}

// The first line that libinih does not understand, 0 for none, or less when memory is short.
static int parse(struct pass pass) {
    ini_allow_multiline = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = false;
    ini_allow_realloc = false;
    ini_use_stack = false;
    ini_initial_alloc = buffer_size;
    ini_max_line = buffer_size;
    return ini_parse_stream(next_line, &pass, take_entry, &pass);
}

static void insert(uint32_t *lines, size_t *count, uint32_t line) {
    size_t place = (*count)++;
    for (; place > 0 && lines[place - 1] > line; place--) lines[place] = lines[place - 1];
    lines[place] = line;
}

cinih_status cinih_read(
    const char *text, size_t count, uint32_t most, void *context, cinih_entry entry, cinih_refusal refusal) {
    if (count == 0) return CINIH_OK;
    uint32_t *refused = calloc((size_t)most + 1, sizeof *refused);
    if (refused == NULL) return CINIH_OUT_OF_MEMORY;
    size_t refused_count = 0;
    uint32_t line = 1;
    for (size_t offset = 0; offset < count && refused_count < most; line++) {
        const size_t length = line_length(text + offset, count - offset);
        const bool has_null = memchr(text + offset, 0, length) != NULL;
        if (length > line_limit || has_null) {
            refusal(context, line, has_null ? CINIH_NULL_BYTE : CINIH_LINE_TOO_LONG);
            insert(refused, &refused_count, line);
        }
        offset += length + 1;
    }
    // libinih names the first line that it does not understand: take that out, and the next one is the first.
    struct pass pass = {.text = text, .count = count, .refused = refused, .context = context};
    int result = 0;
    while (refused_count < most) {
        pass.refused_count = refused_count;
        result = parse(pass);
        if (result <= 0) break;
        refusal(context, (uint32_t)result, CINIH_NOT_INI);
        insert(refused, &refused_count, (uint32_t)result);
    }
    if (result >= 0 && refused_count < most) {
        pass.entry = entry;
        result = parse(pass);
    }
    free(refused);
    return result < 0 ? CINIH_OUT_OF_MEMORY : CINIH_OK;
}
