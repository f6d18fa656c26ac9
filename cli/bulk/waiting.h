/* SPDX-License-Identifier: MIT */
/*
 * Messages that wait for another attempt: to all of their recipients, or to those that do not have
 * them yet. They wait here and not in the pool, so that a checkpoint knows them as not begun until
 * they are, and they take no room there.
 */
#ifndef CLI_BULK_WAITING_H
#define CLI_BULK_WAITING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "item.h"

enum {
    retry_first_ms = 500, /* before the second attempt; each wait doubles the one before */
    retry_most_ms = 60000
};

struct waiting {
    struct item **items; /* a heap: the first is due first */
    size_t count;
    size_t capacity;
    size_t bytes; /* of content in memory */
};

/** @return how long to wait after so many attempts */
uint64_t waiting_delay_ms(uint64_t attempts);

/** Lets an item wait as long as the attempts that it had ask for, not at all if it had none.
 * @return false without memory */
bool waiting_add(struct waiting *waiting, struct item *item, uint64_t now_ms);

/** @return an item that is due, which is the caller's then; NULL: none is */
struct item *waiting_take_due(struct waiting *waiting, uint64_t now_ms);

/** @return any item, NULL if there is none: to let all go */
struct item *waiting_take_any(struct waiting *waiting);

/** @return milliseconds until one is due; -1: none waits */
int waiting_timeout(const struct waiting *waiting, uint64_t now_ms);

/** @return so many wait that no others should be read */
bool waiting_is_full(const struct waiting *waiting);

/** Frees the list; nothing may wait in it. */
void waiting_release(struct waiting *waiting);

#endif
