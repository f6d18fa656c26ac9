/* SPDX-License-Identifier: MIT */
/* A binary heap of timers that know their place in it. */
#include "pool/timers.h"

#include <assert.h>

#include <posthaste/error.h>

#include "base/allocator.h"

enum {
    room_min = 16
};

void ph__timers_init(struct ph__timers *timers, const ph_allocator *allocator)
{
    *timers = (struct ph__timers){.allocator = allocator};
}

void ph__timers_release(struct ph__timers *timers)
{
    ph__release(timers->allocator, timers->heap);
    timers->heap = NULL;
}

int ph__timers_reserve(struct ph__timers *timers, size_t count)
{
    size_t room = timers->room < room_min ? room_min : timers->room;
    if (count <= timers->room)
        return PH_OK;
    while (room < count)
        room *= 2;
    struct ph__timer **heap =
        ph__reallocate_array(timers->allocator, timers->heap, room, sizeof(struct ph__timer *));
    if (!heap)
        return PH_ERR_NO_MEMORY;
    timers->heap = heap;
    timers->room = room;
    return PH_OK;
}

/* Places count from 1: the parent of n is n / 2. */
static void put(struct ph__timers *timers, size_t place, struct ph__timer *timer)
{
    timers->heap[place - 1] = timer;
    timer->place = place;
}

static void rise(struct ph__timers *timers, struct ph__timer *timer)
{
    size_t place = timer->place;
    while (place > 1 && timers->heap[place / 2 - 1]->at_ms > timer->at_ms) {
        put(timers, place, timers->heap[place / 2 - 1]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sink(struct ph__timers *timers, struct ph__timer *timer)
{
    size_t place = timer->place;
    for (size_t child = 2 * place; child <= timers->count; child = 2 * place) {
        if (child < timers->count && timers->heap[child]->at_ms < timers->heap[child - 1]->at_ms)
            child++;
        if (timers->heap[child - 1]->at_ms >= timer->at_ms)
            break;
        put(timers, place, timers->heap[child - 1]);
        place = child;
    }
    put(timers, place, timer);
}

void ph__timers_set(struct ph__timers *timers, struct ph__timer *timer, uint64_t at_ms)
{
    timer->at_ms = at_ms;
    if (timer->place == 0) {
        assert(timers->count < timers->room);
        put(timers, ++timers->count, timer);
    }
    rise(timers, timer);
    sink(timers, timer);
}

void ph__timers_unset(struct ph__timers *timers, struct ph__timer *timer)
{
    const size_t place = timer->place;
    if (place == 0)
        return;
    struct ph__timer *last = timers->heap[timers->count - 1];
    timers->count--;
    timer->place = 0;
    if (last == timer)
        return;
    put(timers, place, last);
    rise(timers, last);
    sink(timers, last);
}

struct ph__timer *ph__timers_take_due(struct ph__timers *timers, uint64_t now_ms)
{
    if (timers->count == 0 || timers->heap[0]->at_ms > now_ms)
        return NULL;
    struct ph__timer *timer = timers->heap[0];
    ph__timers_unset(timers, timer);
    return timer;
}

uint64_t ph__timers_next(const struct ph__timers *timers)
{
    return timers->count == 0 ? UINT64_MAX : timers->heap[0]->at_ms;
}
