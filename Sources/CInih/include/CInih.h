#pragma once

// libinih behind one call: INI text in, its entries and every line that is none out. Nothing is printed. One thread at
// a time: libinih's own settings are globals.

#include <stddef.h>
#include <stdint.h>

/// Bytes of the longest line, its end not counted.
static const int cinih_line_limit = 1024;
/// Bytes of the longest section name that surely arrives whole.
static const int cinih_section_limit = 48;

typedef enum {
    CINIH_OK = 0,
    /// The line is longer than cinih_line_limit.
    CINIH_LINE_TOO_LONG,
    /// There is a null byte in the line: no text file has that.
    CINIH_NULL_BYTE,
    /// Neither a [section] nor "key = value" nor a comment.
    CINIH_NOT_INI,
    CINIH_OUT_OF_MEMORY,
} cinih_status;

/// `key = value` in the section that a line above began, "" before the first. Blanks around both are gone, and so is a
/// comment that begins with a blank and a semicolon. The texts are valid during the call. `line` counts from 1.
typedef void (*cinih_entry)(
    void *_Nullable context, uint32_t line, const char *_Nonnull section, const char *_Nonnull key,
    const char *_Nonnull value);

/// A line that cannot be read, and why; reading goes on after it.
typedef void (*cinih_refusal)(void *_Nullable context, uint32_t line, cinih_status why);

/// Reads all of `text`. What is refused comes first, then the entries, both in the order of the lines; after `most`
/// refusals reading ends. Allocates one line.
/// CINIH_OK, also when lines were refused, or CINIH_OUT_OF_MEMORY.
cinih_status cinih_read(
    const char *_Nullable text, size_t count, uint32_t most, void *_Nullable context, cinih_entry _Nonnull entry,
    cinih_refusal _Nonnull refusal);
