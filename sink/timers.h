/* SPDX-License-Identifier: MIT */
/* Points in time at which something is due: a heap, so that thousands may wait. */
#ifndef SINK_TIMERS_H
#define SINK_TIMERS_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in what waits; all zero is a timer that is not set. */
struct timer {
    uint64_t at_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    void *data;
};

struct timers {
    struct timer **heap;
    size_t count;
    size_t capacity;
};

/** Sets a timer, or sets it anew. */
void sink_timers_set(struct timers *timers, struct timer *timer, uint64_t at_ms);

/** Does nothing if the timer is not set. */
void sink_timers_cancel(struct timers *timers, struct timer *timer);

/** @return a timer that is due, no longer set, or NULL */
struct timer *sink_timers_due(struct timers *timers, uint64_t now_ms);

/** @return how many milliseconds until the first one is due, -1 if none is set */
int sink_timers_wait_ms(const struct timers *timers, uint64_t now_ms);

void sink_timers_free(struct timers *timers);

#endif
