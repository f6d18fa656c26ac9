/* SPDX-License-Identifier: MIT */
/* Timers as a binary heap: heap[n - 1] is not later than its children heap[2 n - 1], heap[2 n]. */
#include "sink/timers.h"

#include <limits.h>
#include <stdlib.h>

#include "sink/bytes.h"

static void put(struct timers *timers, struct timer *timer, size_t place)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void rise(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && timers->heap[place / 2 - 1]->at_ms > timer->at_ms) {
        put(timers, timers->heap[place / 2 - 1], place);
        place /= 2;
    }
    put(timers, timer, place);
}

static void fall(struct timers *timers, struct timer *timer)
{
    size_t place = timer->place;
    for (;;) {
        size_t child = 2 * place;
        if (child < timers->count && timers->heap[child]->at_ms < timers->heap[child - 1]->at_ms)
            child++;
        if (child > timers->count || timers->heap[child - 1]->at_ms >= timer->at_ms)
            break;
        put(timers, timers->heap[child - 1], place);
        place = child;
    }
    put(timers, timer, place);
}

void sink_timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms)
{
    sink_timers_cancel(timers, timer);
    if (timers->count == timers->capacity) {
        timers->capacity = timers->capacity ? 2 * timers->capacity : 64;
        timers->heap = sink_must_resize(timers->heap, timers->capacity * sizeof(struct timer *));
    }
    timer->at_ms = at_ms;
    put(timers, timer, ++timers->count);
    rise(timers, timer);
}

void sink_timers_cancel(struct timers *timers, struct timer *timer)
{
    const size_t place = timer->place;
    if (place == 0)
        return;
    struct timer *last = timers->heap[--timers->count];
    timer->place = 0;
    if (last == timer)
        return;
    put(timers, last, place);
    rise(timers, last);
    fall(timers, last);
}

struct timer *sink_timers_due(struct timers *timers, uint64_t now_ms)
{
    if (timers->count == 0 || timers->heap[0]->at_ms > now_ms)
        return NULL;
    struct timer *timer = timers->heap[0];
    sink_timers_cancel(timers, timer);
    return timer;
}

int sink_timers_wait_ms(const struct timers *timers, uint64_t now_ms)
{
    if (timers->count == 0)
        return -1;
    const uint64_t at_ms = timers->heap[0]->at_ms;
    if (at_ms <= now_ms)
        return 0;
    return at_ms - now_ms > INT_MAX ? INT_MAX : (int)(at_ms - now_ms);
}

void sink_timers_free(struct timers *timers)
{
    free(timers->heap);
    *timers = (struct timers){.heap = NULL};
}
