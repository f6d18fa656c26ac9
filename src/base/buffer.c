/* SPDX-License-Identifier: MIT */
/* A growable buffer that cannot be made without its maximum. */
#include "base/buffer.h"

#include <assert.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "base/secure_wipe.h"

enum {
    smallest_capacity = 64
};

void ph__buffer_init(struct ph__buffer *buffer, const ph_allocator *allocator, size_t max)
{
    assert(max <= UINT32_MAX);
    *buffer = (struct ph__buffer){.allocator = allocator, .max = (uint32_t)max};
}

void ph__buffer_init_secret(struct ph__buffer *buffer, const ph_allocator *allocator, size_t max)
{
    ph__buffer_init(buffer, allocator, max);
    buffer->is_secret = true;
}

void ph__buffer_release(struct ph__buffer *buffer)
{
    ph__buffer_truncate(buffer, 0);
    ph__release(buffer->allocator, buffer->bytes);
    buffer->bytes = NULL;
    buffer->capacity = 0;
}

static uint32_t grown_capacity(const struct ph__buffer *buffer, size_t needed)
{
    size_t capacity = (size_t)buffer->capacity + buffer->capacity / 2;
    if (capacity < needed)
        capacity = needed;
    if (capacity < smallest_capacity)
        capacity = smallest_capacity;
    return capacity < buffer->max ? (uint32_t)capacity : buffer->max;
}

/* realloc could leave a copy of a secret behind, so secrets move by hand. */
static uint8_t *moved(struct ph__buffer *buffer, size_t capacity)
{
    if (!buffer->is_secret)
        return ph__reallocate_array(buffer->allocator, buffer->bytes, capacity, 1);
    uint8_t *bytes = ph__allocate(buffer->allocator, capacity);
    if (!bytes)
        return NULL;
    if (buffer->length > 0)
        memcpy(bytes, buffer->bytes, buffer->length);
    ph__wipe(buffer->bytes, buffer->length);
    ph__release(buffer->allocator, buffer->bytes);
    return bytes;
}

int ph__buffer_grow(struct ph__buffer *buffer, size_t n)
{
    if (n > buffer->max - buffer->length)
        return PH_ERR_ARGUMENT;
    const uint32_t capacity = grown_capacity(buffer, (size_t)buffer->length + n);
    uint8_t *bytes = moved(buffer, capacity);
    if (!bytes)
        return PH_ERR_NO_MEMORY;
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return PH_OK;
}

int ph__buffer_append_grown(struct ph__buffer *buffer, const void *bytes, size_t n)
{
    const int status = ph__buffer_grow(buffer, n);
    if (status != PH_OK)
        return status;
    memcpy(buffer->bytes + buffer->length, bytes, n);
    buffer->length += (uint32_t)n;
    return PH_OK;
}

void ph__buffer_consume(struct ph__buffer *buffer, size_t n)
{
    assert(n <= buffer->length);
    if (n == 0)
        return;
    const size_t rest = buffer->length - n;
    memmove(buffer->bytes, buffer->bytes + n, rest);
    ph__buffer_truncate(buffer, rest);
}

void ph__buffer_truncate(struct ph__buffer *buffer, size_t length)
{
    assert(length <= buffer->length);
    if (buffer->is_secret)
        ph__wipe(buffer->bytes ? buffer->bytes + length : NULL, buffer->length - length);
    buffer->length = (uint32_t)length;
}
