/* SPDX-License-Identifier: MIT */
/* A growable run of bytes, and a look at one. Out of memory ends the program, as a test server may.
 */
#ifndef SINK_BYTES_H
#define SINK_BYTES_H

#include <stddef.h>

struct bytes {
    char *data; /* NULL while empty */
    size_t length;
    size_t capacity;
};

/* Bytes that belong to another: what was received, and is taken from its front. */
struct span {
    char *data;
    size_t length;
};

/** @return @p n zeroed bytes, never NULL */
void *sink_must_allocate(size_t n);

/** @return the block with another size, never NULL; @p n is not 0 */
void *sink_must_resize(void *block, size_t n);

/** @return room for @p n bytes behind the length; add to the length what is used */
char *sink_bytes_room(struct bytes *bytes, size_t n);
void sink_bytes_append(struct bytes *bytes, const void *data, size_t n);
void sink_bytes_append_text(struct bytes *bytes, const char *text);

/** Drops the first @p n bytes. */
void sink_bytes_consume(struct bytes *bytes, size_t n);
void sink_bytes_free(struct bytes *bytes);

/** Takes @p n bytes from the front. */
void sink_span_take(struct span *span, size_t n);

#endif
