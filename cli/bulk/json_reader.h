/* SPDX-License-Identifier: MIT */
/* A message as an object of JSON: {"from", "to", "parameters", "body" or "path"}. */
#ifndef CLI_BULK_JSON_READER_H
#define CLI_BULK_JSON_READER_H

#include <jansson.h>

#include "item.h"

struct json_reader {
    const char *source_name; /* as a sentence calls it */
    size_t number;           /* of the line that the object stands on, from 1 */
    const struct envelope_options *envelope;
    struct bytes head;       /* of a file: kept for the next one */
    struct problem *problem; /* receives what is wrong with a line */
};

/**
 * Takes envelope and content from an object. An address that is none, and a file that cannot be
 * read, refuse the item; all else that is wrong is wrong with the line.
 * @return false: the reader's problem is told
 */
bool json_reader_fill(struct json_reader *reader, struct item *item, json_t *object);

/** Says what is wrong with the line; @p name is shown in the middle. @return false */
bool json_reader_refuse(struct json_reader *reader, const char *what, const char *name,
                        const char *advice);

/** Says that memory is short. @return false */
bool json_reader_no_memory(struct json_reader *reader);

#endif
