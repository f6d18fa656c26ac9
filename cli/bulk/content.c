/* SPDX-License-Identifier: MIT */
#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    window_size = 64 * 1024
};

/* One reading of a file: a window of it, and how far the filter got. */
struct content_reading {
    struct filter filter;
    uint64_t offset; /* of the byte behind the window */
    size_t at, filled;
    bool is_at_end; /* the window holds the last byte */
    struct passed passed;
    char window[window_size];
};

struct content content_none(void)
{
    return (struct content){.fd = -1, .end = UINT64_MAX};
}

static void close_file(struct content *content)
{
    if (content->owns_fd && content->fd >= 0) {
        (void)close(content->fd);
        content->fd = -1;
    }
}

int content_open(struct content *content)
{
    struct stat status;
    if (content->fd >= 0)
        return 0;
    content->fd = open(content->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (content->fd < 0)
        return errno;
    content->owns_fd = true;
    const int failure = fstat(content->fd, &status) != 0 ? errno : 0;
    /* A pipe could not be read a second time. */
    if (failure == 0 && S_ISREG(status.st_mode))
        return 0;
    close_file(content);
    if (failure != 0)
        return failure;
    return S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
}

/* Reads at an offset, as much as is there. @return the bytes, -1 with errno */
static ssize_t read_at(const struct content *content, char *buffer, size_t size, uint64_t offset)
{
    size_t filled = 0;
    if (content->end - offset < size)
        size = (size_t)(content->end - offset);
    while (filled < size) {
        const ssize_t n =
            pread(content->fd, buffer + filled, size - filled, (off_t)(offset + filled));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        filled += (size_t)n;
    }
    return (ssize_t)filled;
}

int content_read_head(struct content *content, struct bytes *head, bool *is_all)
{
    char *buffer = malloc(content_kept + 1);
    bytes_clear(head);
    if (!buffer)
        return ENOMEM;
    ssize_t n = read_at(content, buffer, content_kept + 1, content->begin);
    int failure = n < 0 ? errno : 0;
    *is_all = n <= content_kept;
    if (n > content_kept)
        n = content_kept;
    if (failure == 0 && !bytes_append(head, buffer, (size_t)n))
        failure = ENOMEM;
    free(buffer);
    return failure;
}

static bool keep_filtered(struct content *content, const struct bytes *head)
{
    struct filter filter = filter_begin(content->quoting);
    struct passed passed;
    for (size_t at = 0; at < head->length;) {
        at += filter_next(&filter, head->data + at, head->length - at, true, &passed);
        if (!bytes_append(&content->memory, passed.bytes, passed.n))
            return false;
    }
    return true;
}

bool content_keep(struct content *content, const struct bytes *head)
{
    const bool is_kept = content->is_stored
                             ? keep_filtered(content, head)
                             : bytes_append(&content->memory, head->data, head->length);
    close_file(content);
    content->is_in_memory = is_kept;
    return is_kept;
}

static int rewind_again(void *user_data)
{
    content_rewind(user_data);
    return 0;
}

int content_give(struct content *content, ph_message *message)
{
    if (content->is_in_memory)
        return ph_message_set_content(message, content->memory.data, content->memory.length);
    const int status = ph_message_set_content_callback(message, content_read, content);
    return status == PH_OK ? ph_message_set_rewind(message, rewind_again) : status;
}

/* ---- Reading in pieces ----------------------------------------------------------------------- */

void content_rewind(struct content *content)
{
    free(content->reading);
    content->reading = NULL;
    close_file(content);
}

static int begin_reading(struct content *content)
{
    const int failure = content_open(content);
    if (failure != 0)
        return failure;
    content->reading = malloc(sizeof *content->reading);
    if (!content->reading)
        return ENOMEM;
    content->reading->filter = filter_begin(content->quoting);
    content->reading->offset = content->begin;
    content->reading->at = content->reading->filled = 0;
    content->reading->is_at_end = false;
    content->reading->passed = (struct passed){.n = 0};
    return 0;
}

static int fill_window(const struct content *content, struct content_reading *reading)
{
    const size_t rest = reading->filled - reading->at;
    memmove(reading->window, reading->window + reading->at, rest);
    reading->at = 0;
    reading->filled = rest;
    const ssize_t n = read_at(content, reading->window + rest, window_size - rest, reading->offset);
    if (n < 0)
        return errno;
    reading->filled += (size_t)n;
    reading->offset += (size_t)n;
    reading->is_at_end = (size_t)n < window_size - rest || reading->offset == content->end;
    /* A part that was measured before is not sent in half. */
    return reading->is_at_end && content->end != UINT64_MAX && reading->offset < content->end
               ? ENODATA
               : 0;
}

/* Makes the next part of the window pass. @return 0 with nothing passed at the end, or errno */
static int next_part(const struct content *content, struct content_reading *reading)
{
    const char *bytes = reading->window + reading->at;
    const size_t n = reading->filled - reading->at;
    size_t taken = n;
    if (content->is_stored)
        taken = filter_next(&reading->filter, bytes, n, reading->is_at_end, &reading->passed);
    else
        reading->passed = (struct passed){.bytes = bytes, .n = n};
    reading->at += taken;
    return taken == 0 && !reading->is_at_end ? fill_window(content, reading) : 0;
}

static bool is_finished(const struct content_reading *reading)
{
    return reading->passed.n == 0 && reading->is_at_end && reading->at == reading->filled;
}

/* Fills the caller's buffer. @return 0, or errno */
static int read_pieces(struct content *content, char *buffer, size_t size, size_t *length)
{
    struct content_reading *reading = content->reading;
    while (*length < size && !is_finished(reading)) {
        if (reading->passed.n == 0) {
            const int failure = next_part(content, reading);
            if (failure != 0)
                return failure;
            continue;
        }
        const size_t room = size - *length;
        const size_t n = reading->passed.n < room ? reading->passed.n : room;
        memcpy(buffer + *length, reading->passed.bytes, n);
        reading->passed.bytes += n;
        reading->passed.n -= n;
        *length += n;
    }
    return 0;
}

int content_read(void *buffer, size_t size, size_t *length, void *user_data)
{
    struct content *content = user_data;
    *length = 0;
    content->failure = content->reading ? 0 : begin_reading(content);
    if (content->failure == 0)
        content->failure = read_pieces(content, buffer, size, length);
    if (content->failure != 0 || *length == 0)
        content_rewind(content);
    return content->failure == 0 ? 0 : -1;
}

void content_release(struct content *content)
{
    content_rewind(content);
    bytes_release(&content->memory);
    free(content->path);
    *content = content_none();
}
