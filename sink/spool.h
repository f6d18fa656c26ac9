/* SPDX-License-Identifier: MIT */
/* The content of a message as it comes in: in memory while it is small, then in a file without a
 * name, so that many large messages at once do not fill the memory. */
#ifndef SINK_SPOOL_H
#define SINK_SPOOL_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/bytes.h"

/* All zero is an empty one. */
struct spool {
    struct bytes memory; /* what is not in the file */
    FILE *file;          /* NULL while all is in memory */
    bool has_failed;     /* the file could not be made, written or read */
};

/** Adds to the end; a failure is kept, and what comes behind it is dropped. */
void sink_spool_append(struct spool *spool, const char *data, size_t n);

/** Takes a part of the content. @return go on */
typedef bool (*sink_spool_take)(const char *data, size_t n, void *user_data);

/**
 * Gives all content to @p take, in order, in parts.
 * @return true, or false if @p take stopped or the content is not all there (errno says why)
 */
bool sink_spool_each(struct spool *spool, sink_spool_take take, void *user_data);

/** Empties it, and keeps its memory unless that is much. */
void sink_spool_clear(struct spool *spool);
void sink_spool_free(struct spool *spool);

#endif
