/* SPDX-License-Identifier: MIT */
/* The lines that `posthaste talk` runs. */
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lines lines_of(struct operands operands)
{
    return (struct lines){.operands = operands,
                          .is_interactive = operands.count == 0 && isatty(STDIN_FILENO) == 1};
}

const char *lines_next(struct lines *lines, const char *prompt)
{
    if (lines->operands.count > 0)
        return lines->next < lines->operands.count ? lines->operands.items[lines->next++] : NULL;
    if (lines->is_interactive) {
        (void)fputs(prompt, stderr);
        (void)fflush(stderr);
    }
    const ssize_t length = getline(&lines->line, &lines->capacity, stdin);
    if (length < 0)
        return NULL;
    lines->line[strcspn(lines->line, "\r\n")] = '\0';
    return lines->line;
}

void lines_skip_content(struct lines *lines)
{
    const char *line;
    do
        line = lines_next(lines, "");
    while (line && strcmp(line, ".") != 0);
}

void lines_release(struct lines *lines)
{
    free(lines->line);
    lines->line = NULL;
}
