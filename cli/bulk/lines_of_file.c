/* SPDX-License-Identifier: MIT */
#include "lines_of_file.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    buffer_size = 64 * 1024
};

bool lines_of_file_begin(struct lines_of_file *lines, int fd)
{
    struct stat status;
    *lines = (struct lines_of_file){.fd = fd, .buffer = malloc(buffer_size)};
    lines->is_slow = fstat(fd, &status) == 0 && !S_ISREG(status.st_mode);
    return lines->buffer != NULL;
}

/* Messages under way must not wait for a writer who takes his time. */
static bool has_something(const struct lines_of_file *lines)
{
    struct pollfd now = {.fd = lines->fd, .events = POLLIN};
    return !lines->is_slow || poll(&now, 1, 0) != 0;
}

/* Reads once. @return false if that failed */
static bool fill(struct lines_of_file *lines)
{
    const size_t rest = lines->filled - lines->at;
    ssize_t n;
    memmove(lines->buffer, lines->buffer + lines->at, rest);
    lines->at = 0;
    lines->filled = rest;
    errno = EAGAIN;
    do
        n = has_something(lines) ? read(lines->fd, lines->buffer + rest, buffer_size - rest) : -1;
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        lines->failure = errno;
        return false;
    }
    lines->is_at_end = n == 0;
    lines->filled += (size_t)n;
    return true;
}

static bool take(struct lines_of_file *lines, size_t n, bool ends_line, struct line_piece *piece)
{
    *piece = (struct line_piece){.bytes = lines->buffer + lines->at,
                                 .n = n,
                                 .offset = lines->offset,
                                 .begins_line = !lines->is_in_line,
                                 .ends_line = ends_line};
    lines->at += n;
    lines->offset += n;
    lines->is_in_line = !ends_line;
    return true;
}

bool lines_of_file_next(struct lines_of_file *lines, struct line_piece *piece)
{
    size_t searched = 0;
    lines->failure = 0;
    for (;;) {
        const char *bytes = lines->buffer + lines->at;
        const size_t n = lines->filled - lines->at;
        const char *lf = n > searched ? memchr(bytes + searched, '\n', n - searched) : NULL;
        if (lf)
            return take(lines, (size_t)(lf - bytes) + 1, true, piece);
        if (lines->is_at_end)
            return n > 0 && take(lines, n, true, piece);
        if (n == buffer_size)
            return take(lines, n, false, piece);
        searched = n;
        if (!fill(lines))
            return false;
    }
}

void lines_of_file_release(struct lines_of_file *lines)
{
    free(lines->buffer);
    lines->buffer = NULL;
}
