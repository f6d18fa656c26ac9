/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <string.h>
#include <strings.h>

enum {
    enough = 64 /* to know what a line begins with */
};

struct filter filter_begin(enum from_quoting quoting)
{
    return (struct filter){.quoting = quoting, .is_in_header = true};
}

/* @return the line begins with the field's name and a colon; blanks may stand between them
 * (RFC 5322 section 4.5) */
static bool is_field(const char *line, size_t n, const char *name)
{
    const size_t length = strlen(name);
    if (n <= length || strncasecmp(line, name, length) != 0)
        return false;
    size_t at = length;
    while (at < n && (line[at] == ' ' || line[at] == '\t'))
        at++;
    return at < n && line[at] == ':';
}

static bool is_private(const char *line, size_t n)
{
    static const char *const names[] = {"Bcc", "Return-Path", "Resent-Bcc"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_field(line, n, names[i]))
            return true;
    }
    return false;
}

static bool is_empty_line(const char *line, size_t n)
{
    return line[0] == '\n' || (n > 1 && line[0] == '\r' && line[1] == '\n');
}

static bool is_quoted_from(enum from_quoting quoting, const char *line, size_t n)
{
    size_t marks = 0;
    while (marks < n && line[marks] == '>')
        marks++;
    if (marks == 0 || quoting == QUOTING_NONE || (quoting == QUOTING_MBOXO && marks > 1))
        return false;
    return n - marks >= 5 && memcmp(line + marks, "From ", 5) == 0;
}

static void look_at_header_line(struct filter *filter, const char *line, size_t n)
{
    if (is_empty_line(line, n)) {
        filter->is_in_header = false;
        filter->is_dropping = false;
    } else if (line[0] != ' ' && line[0] != '\t') { /* those continue the field before */
        filter->is_dropping = is_private(line, n);
    }
}

size_t filter_next(struct filter *filter, const char *bytes, size_t n, bool is_last,
                   struct passed *passed)
{
    const char *end = memchr(bytes, '\n', n);
    const size_t length = end ? (size_t)(end - bytes) + 1 : n;
    size_t unquoted = 0;
    *passed = (struct passed){.bytes = bytes};
    if (n == 0 || (!filter->is_in_line && !end && !is_last && n < enough))
        return 0;
    if (!filter->is_in_line && filter->is_in_header)
        look_at_header_line(filter, bytes, length);
    else if (!filter->is_in_line && is_quoted_from(filter->quoting, bytes, length))
        unquoted = 1;
    filter->is_in_line = !end;
    if (!filter->is_dropping)
        *passed = (struct passed){.bytes = bytes + unquoted, .n = length - unquoted};
    return length;
}
