/* SPDX-License-Identifier: MIT */
/* A growable run of bytes, and a look at one. */
#include "sink/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *block)
{
    if (block)
        return block;
    (void)fputs("posthaste sink: out of memory\n", stderr);
    exit(71);
}

void *sink_must_allocate(size_t n)
{
    return checked(calloc(1, n));
}

void *sink_must_resize(void *block, size_t n)
{
    return checked(realloc(block, n));
}

char *sink_bytes_room(struct bytes *bytes, size_t n)
{
    const size_t needed = bytes->length + n;
    if (needed > bytes->capacity) {
        size_t capacity = bytes->capacity ? bytes->capacity : 256;
        while (capacity < needed)
            capacity *= 2;
        bytes->data = sink_must_resize(bytes->data, capacity);
        bytes->capacity = capacity;
    }
    return bytes->data + bytes->length;
}

void sink_bytes_append(struct bytes *bytes, const void *data, size_t n)
{
    if (n == 0)
        return;
    memcpy(sink_bytes_room(bytes, n), data, n);
    bytes->length += n;
}

void sink_bytes_append_text(struct bytes *bytes, const char *text)
{
    sink_bytes_append(bytes, text, strlen(text));
}

void sink_bytes_consume(struct bytes *bytes, size_t n)
{
    if (n < bytes->length)
        memmove(bytes->data, bytes->data + n, bytes->length - n);
    bytes->length -= n;
}

void sink_bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){.data = NULL};
}

void sink_span_take(struct span *span, size_t n)
{
    span->data += n;
    span->length -= n;
}
