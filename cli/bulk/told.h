/* SPDX-License-Identifier: MIT */
/* What is to be told of a message's recipients, gathered from the attempts that it took. */
#ifndef CLI_BULK_TOLD_H
#define CLI_BULK_TOLD_H

#include <jansson.h>

#include "bytes.h"

struct ends;
struct item;

struct told {
    struct bytes lines; /* without JSON: one for each recipient that does not get it, and why */
    json_t *recipients; /* with JSON: an array; NULL before the first attempt, or without memory */
    json_t *reply;      /* to the last attempt that got one to its content; NULL: none did */
};

/**
 * Adds what became of an item's recipients.
 * @param is_last  false: those that were refused for now are tried again, and told of then
 */
void told_add(struct item *item, const struct ends *ends, bool json, bool is_last);

void told_release(struct told *told);

#endif
