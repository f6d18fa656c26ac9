/* SPDX-License-Identifier: MIT */
/* A growable buffer that cannot be made without its maximum. */
#ifndef PH_BASE_BUFFER_H
#define PH_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <posthaste/allocator.h>
#include <posthaste/error.h>

/* Readable: bytes (NULL while nothing was appended) and length. The rest is the buffer's own.
 * Sessions by the thousand have several each, none of which is large. */
struct ph__buffer {
    const ph_allocator *allocator;
    uint8_t *bytes;
    uint32_t length;
    uint32_t capacity;
    uint32_t max;
    bool is_secret; /* wiped when shrunk, moved or released */
};

/** Makes an empty buffer that never holds more than @p max bytes, which is at most UINT32_MAX. */
void ph__buffer_init(struct ph__buffer *buffer, const ph_allocator *allocator, size_t max);

/** The same for secrets. */
void ph__buffer_init_secret(struct ph__buffer *buffer, const ph_allocator *allocator, size_t max);

/** Frees the bytes; the buffer can be used again, or forgotten. */
void ph__buffer_release(struct ph__buffer *buffer);

/** Makes room for @p n more bytes. @return PH_OK, PH_ERR_ARGUMENT (beyond the maximum),
 * PH_ERR_NO_MEMORY */
static inline int ph__buffer_reserve(struct ph__buffer *buffer, size_t n);

/** Appends bytes. @return as ph__buffer_reserve; nothing is appended on failure */
static inline int ph__buffer_append(struct ph__buffer *buffer, const void *bytes, size_t n);

/** Appends a string without its NUL. @return as ph__buffer_reserve */
static inline int ph__buffer_append_string(struct ph__buffer *buffer, const char *text);

/** Drops the first @p n bytes; @p n is at most the length. */
void ph__buffer_consume(struct ph__buffer *buffer, size_t n);

/** Cuts the buffer to @p length, which is at most what it has. Memory is kept. */
void ph__buffer_truncate(struct ph__buffer *buffer, size_t length);

/* ---- A message takes dozens of these, most of a few bytes: inline where there is room ------- */

/* The same when the buffer must grow. */
int ph__buffer_grow(struct ph__buffer *buffer, size_t n);
int ph__buffer_append_grown(struct ph__buffer *buffer, const void *bytes, size_t n);

static inline int ph__buffer_reserve(struct ph__buffer *buffer, size_t n)
{
    return n <= buffer->capacity - buffer->length ? PH_OK : ph__buffer_grow(buffer, n);
}

static inline int ph__buffer_append(struct ph__buffer *buffer, const void *bytes, size_t n)
{
    if (n == 0)
        return PH_OK;
    if (n > buffer->capacity - buffer->length)
        return ph__buffer_append_grown(buffer, bytes, n);
    memcpy(buffer->bytes + buffer->length, bytes, n);
    buffer->length += (uint32_t)n;
    return PH_OK;
}

static inline int ph__buffer_append_string(struct ph__buffer *buffer, const char *text)
{
    return ph__buffer_append(buffer, text, strlen(text));
}

#endif
