/* SPDX-License-Identifier: MIT */
/* Points in time at which something is to be done: a heap, so that many cost little. */
#ifndef PH_POOL_TIMERS_H
#define PH_POOL_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/allocator.h>

struct ph__timer;
typedef void ph__timer_fn(struct ph__timer *timer);

/* Lies in what it is about. All zeros but for its function: not set. */
struct ph__timer {
    uint64_t at_ms;
    size_t place; /* in the heap, from 1; 0: not set */
    ph__timer_fn *due;
};

struct ph__timers {
    const ph_allocator *allocator;
    struct ph__timer **heap;
    size_t count;
    size_t room;
};

void ph__timers_init(struct ph__timers *timers, const ph_allocator *allocator);
void ph__timers_release(struct ph__timers *timers);

/** Makes room for so many timers, so that none of them can fail to be set. @return PH_OK or
 * PH_ERR_NO_MEMORY */
int ph__timers_reserve(struct ph__timers *timers, size_t count);

/** Sets a timer, or sets it anew; room was reserved. */
void ph__timers_set(struct ph__timers *timers, struct ph__timer *timer, uint64_t at_ms);

/** Unsets a timer that may be set. */
void ph__timers_unset(struct ph__timers *timers, struct ph__timer *timer);

/** @return the next timer that is due by now, which is then not set any more; NULL: none is */
struct ph__timer *ph__timers_take_due(struct ph__timers *timers, uint64_t now_ms);

/** @return when the next one is due; UINT64_MAX: none is set */
uint64_t ph__timers_next(const struct ph__timers *timers);

#endif
