/* SPDX-License-Identifier: MIT */
#include "bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct bytes *bytes, size_t needed)
{
    size_t capacity = bytes->capacity < 128 ? 128 : bytes->capacity;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(bytes->data, capacity);
    if (!data)
        return false;
    bytes->data = data;
    bytes->capacity = capacity;
    return true;
}

bool bytes_append(struct bytes *bytes, const void *data, size_t n)
{
    if (n > SIZE_MAX / 4 - bytes->length)
        return false;
    const size_t needed = bytes->length + n + 1;
    if (needed > bytes->capacity && !grow(bytes, needed))
        return false;
    if (n > 0)
        memcpy(bytes->data + bytes->length, data, n);
    bytes->length += n;
    bytes->data[bytes->length] = '\0';
    return true;
}

void bytes_clear(struct bytes *bytes)
{
    bytes->length = 0;
    if (bytes->data)
        bytes->data[0] = '\0';
}

void bytes_release(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){.data = NULL};
}
