/* SPDX-License-Identifier: MIT */
/* Bytes that grow: a line, a field, a rendered message. */
#ifndef CLI_BULK_BYTES_H
#define CLI_BULK_BYTES_H

#include <stdbool.h>
#include <stddef.h>

struct bytes {
    char *data; /* with a NUL behind length, once something was appended */
    size_t length;
    size_t capacity;
};

/** Appends @p n bytes and a NUL that is not counted. @return false without memory; nothing changes
 */
bool bytes_append(struct bytes *bytes, const void *data, size_t n);

/** Forgets the bytes and keeps their memory for the next ones. */
void bytes_clear(struct bytes *bytes);

void bytes_release(struct bytes *bytes);

#endif
