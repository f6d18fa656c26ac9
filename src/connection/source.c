/* SPDX-License-Identifier: MIT */
/* Where a message's content comes from. */
#include "connection/source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ph__source ph__source_memory(const void *bytes, size_t n)
{
    return (struct ph__source){.kind = PH__SOURCE_MEMORY, .memory = {.bytes = bytes, .length = n}};
}

struct ph__source ph__source_fd(int fd)
{
    return (struct ph__source){.kind = PH__SOURCE_FD, .fd = fd, .begin = lseek(fd, 0, SEEK_CUR)};
}

struct ph__source ph__source_file(FILE *file)
{
    return (struct ph__source){.kind = PH__SOURCE_FILE, .file = file, .begin = ftello(file)};
}

struct ph__source ph__source_callback(ph_read_fn read, void *user_data)
{
    return (struct ph__source){.kind = PH__SOURCE_CALLBACK, .read = read, .user_data = user_data};
}

struct ph__source ph__source_pushed(void)
{
    return (struct ph__source){.kind = PH__SOURCE_PUSHED};
}

void ph__source_push(struct ph__source *source, const void *bytes, size_t n, bool is_last)
{
    source->memory = (struct ph__slice){.bytes = bytes, .length = n};
    source->is_last = is_last;
}

bool ph__source_rewind(struct ph__source *source)
{
    switch (source->kind) {
    case PH__SOURCE_MEMORY:
        return true;
    case PH__SOURCE_FD:
        return source->begin >= 0 && lseek(source->fd, source->begin, SEEK_SET) == source->begin;
    case PH__SOURCE_FILE:
        return source->begin >= 0 && fseeko(source->file, source->begin, SEEK_SET) == 0;
    case PH__SOURCE_CALLBACK:
        return source->rewind && source->rewind(source->user_data) == 0;
    case PH__SOURCE_PUSHED:
        break;
    }
    return false;
}

static bool fail(struct ph__source *source, const char *problem, int system_errno)
{
    source->problem = problem;
    source->system_errno = system_errno;
    return false;
}

/* A descriptor that the caller made non-blocking is waited for all the same. */
static bool read_fd(struct ph__source *source, void *buffer, size_t size, size_t *n)
{
    for (;;) {
        const ssize_t got = read(source->fd, buffer, size);
        if (got >= 0) {
            *n = (size_t)got;
            return true;
        }
        struct pollfd wait = {.fd = source->fd, .events = POLLIN};
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            (void)poll(&wait, 1, -1);
        else if (errno != EINTR)
            return fail(source, "its file cannot be read", errno);
    }
}

static bool read_file(struct ph__source *source, void *buffer, size_t size, size_t *n)
{
    errno = 0;
    *n = fread(buffer, 1, size, source->file);
    if (*n == 0 && ferror(source->file))
        return fail(source, "its stream cannot be read", errno);
    return true;
}

static bool read_callback(struct ph__source *source, void *buffer, size_t size, size_t *n)
{
    *n = 0;
    if (source->read(buffer, size, n, source->user_data) != 0)
        return fail(source, "its callback failed", 0);
    if (*n > size)
        return fail(source, "its callback claims more bytes than there was room for", 0);
    return true;
}

static bool read_some(struct ph__source *source, void *buffer, size_t size, size_t *n)
{
    if (source->kind == PH__SOURCE_FD)
        return read_fd(source, buffer, size, n);
    if (source->kind == PH__SOURCE_FILE)
        return read_file(source, buffer, size, n);
    return read_callback(source, buffer, size, n);
}

/* Fills the buffer, so that a short message leaves in one piece with its end. */
static bool fill(struct ph__source *source, uint8_t *buffer, size_t size, size_t *length,
                 bool *is_last)
{
    *length = 0;
    while (*length < size) {
        size_t n;
        if (!read_some(source, buffer + *length, size - *length, &n))
            return false;
        *length += n;
        if (n == 0) {
            *is_last = true;
            return true;
        }
    }
    *is_last = false;
    return true;
}

size_t ph__source_file_rest(const struct ph__source *source)
{
    struct stat about;
    char end[2];
    if (source->kind != PH__SOURCE_FD || fstat(source->fd, &about) != 0 || !S_ISREG(about.st_mode))
        return 0;
    const off_t at = lseek(source->fd, 0, SEEK_CUR);
    if (at < 0 || about.st_size - at < (off_t)sizeof end ||
        pread(source->fd, end, sizeof end, about.st_size - (off_t)sizeof end) != sizeof end ||
        memcmp(end, "\r\n", sizeof end) != 0)
        return 0;
    return (size_t)(about.st_size - at);
}

enum ph__source_outcome ph__source_next(struct ph__source *source, void *buffer, size_t size,
                                        struct ph__slice *piece, bool *is_last)
{
    if (ph__source_needs_buffer(source)) {
        piece->bytes = buffer;
        return fill(source, buffer, size, &piece->length, is_last) ? PH__SOURCE_PIECE
                                                                   : PH__SOURCE_FAILED;
    }
    const bool is_memory = source->kind == PH__SOURCE_MEMORY;
    if (!is_memory && source->memory.length == 0 && !source->is_last)
        return PH__SOURCE_NOTHING_YET;
    *piece = source->memory;
    *is_last = is_memory || source->is_last;
    if (!is_memory)
        source->memory.length = 0;
    return PH__SOURCE_PIECE;
}
