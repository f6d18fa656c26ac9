/* SPDX-License-Identifier: MIT */
#include "waiting.h"

#include <stdlib.h>

#include "identity.h"

enum {
    count_max = 4096,
    bytes_max = 64 * 1024 * 1024
};

uint64_t waiting_delay_ms(uint64_t attempts)
{
    uint64_t delay = retry_first_ms;
    for (uint64_t i = 1; i < attempts && delay < retry_most_ms; i++)
        delay *= 2;
    return delay < retry_most_ms ? delay : retry_most_ms;
}

/* Spread by a quarter, so that what was refused together does not come back together. */
static uint64_t delay_of(const struct item *item)
{
    const uint64_t delay = waiting_delay_ms(item->attempts);
    if (item->attempts == 0)
        return 0;
    return delay + digest_add_text(DIGEST_BEGIN, item->identity) % (delay / 4);
}

static bool grow(struct waiting *waiting)
{
    const size_t capacity = waiting->capacity ? 2 * waiting->capacity : 16;
    struct item **items = realloc(waiting->items, capacity * sizeof(struct item *));
    if (!items)
        return false;
    waiting->items = items;
    waiting->capacity = capacity;
    return true;
}

bool waiting_add(struct waiting *waiting, struct item *item, uint64_t now_ms)
{
    if (waiting->count == waiting->capacity && !grow(waiting))
        return false;
    item->due_ms = now_ms + delay_of(item);
    waiting->bytes += item->content.memory.length;
    size_t at = waiting->count++;
    while (at > 0 && waiting->items[(at - 1) / 2]->due_ms > item->due_ms) {
        waiting->items[at] = waiting->items[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    waiting->items[at] = item;
    return true;
}

/* Lets an item sink from the top of the heap to where it belongs. */
static void sink(struct waiting *waiting, struct item *item)
{
    size_t at = 0;
    for (size_t below = 1; below < waiting->count; below = 2 * at + 1) {
        if (below + 1 < waiting->count &&
            waiting->items[below + 1]->due_ms < waiting->items[below]->due_ms)
            below++;
        if (waiting->items[below]->due_ms >= item->due_ms)
            break;
        waiting->items[at] = waiting->items[below];
        at = below;
    }
    waiting->items[at] = item;
}

struct item *waiting_take_any(struct waiting *waiting)
{
    if (waiting->count == 0)
        return NULL;
    struct item *first = waiting->items[0];
    waiting->count--;
    waiting->bytes -= first->content.memory.length;
    if (waiting->count > 0)
        sink(waiting, waiting->items[waiting->count]);
    return first;
}

struct item *waiting_take_due(struct waiting *waiting, uint64_t now_ms)
{
    const bool is_due = waiting->count > 0 && waiting->items[0]->due_ms <= now_ms;
    return is_due ? waiting_take_any(waiting) : NULL;
}

int waiting_timeout(const struct waiting *waiting, uint64_t now_ms)
{
    if (waiting->count == 0)
        return -1;
    const uint64_t due_ms = waiting->items[0]->due_ms;
    return due_ms > now_ms ? (int)(due_ms - now_ms) : 0; /* never more than a delay */
}

bool waiting_is_full(const struct waiting *waiting)
{
    return waiting->count >= count_max || waiting->bytes >= bytes_max;
}

void waiting_release(struct waiting *waiting)
{
    free(waiting->items);
    *waiting = (struct waiting){.items = NULL};
}
