/* SPDX-License-Identifier: MIT */
/* The lines that `posthaste talk` runs: its arguments, or those of standard input. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "options.h"

struct lines {
    struct operands operands; /* none: standard input */
    int next;
    bool is_interactive; /* somebody types them, and wants to be asked */
    char *line;          /* the last one read */
    size_t capacity;
};

struct lines lines_of(struct operands operands);

/**
 * @param prompt  what to print before somebody types
 * @return the next line without its end, valid until the next call; NULL at the end
 */
const char *lines_next(struct lines *lines, const char *prompt);

/** Passes over content that nobody takes, up to its lone dot. */
void lines_skip_content(struct lines *lines);

void lines_release(struct lines *lines);

#endif
