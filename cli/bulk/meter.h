/* SPDX-License-Identifier: MIT */
/*
 * A line that tells how far a long run is: done, failed, per second, time left. On a terminal it
 * is drawn over and over in one place; elsewhere lines stand one below the other, fewer of them.
 */
#ifndef CLI_BULK_METER_H
#define CLI_BULK_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "tally.h"

enum {
    meter_samples = 20 /* half a second apart: what is told is the speed of the last ten */
};

/* How far the run was at a moment. */
struct meter_sample {
    uint64_t ms;
    uint64_t messages;
    uint64_t units; /* messages or bytes of the source */
};

struct meter {
    bool is_on;
    bool is_terminal;
    bool is_drawn;
    uint64_t interval_ms;
    uint64_t shown_ms;
    uint64_t total;       /* in units; 0 if nobody knows */
    bool counts_messages; /* the unit is a message */
    struct meter_sample now;
    struct meter_sample samples[meter_samples]; /* a ring; the oldest is at next, once it is full */
    size_t count, next;
};

/* How far the run is, in words. */
struct meter_line {
    char text[160];
};

/** Begins. @param interval_ms  how often to show a line; 0: often on a terminal, seldom elsewhere
 */
void meter_begin(struct meter *meter, bool is_on, uint64_t interval_ms, uint64_t now_ms);

/** So many units of the source are done with. @param messages  0 if they were done before */
void meter_add(struct meter *meter, uint64_t units, uint64_t messages);

/** @return the line that meter_show shows: "7 of 9 done, 1 failed, 3.5/s, 0:01 left" */
struct meter_line meter_line(const struct meter *meter, const struct tally *tally);

/** Shows a line if it is time to. */
void meter_show(struct meter *meter, const struct tally *tally, uint64_t now_ms);

/** @return milliseconds until meter_show wants to be called, -1 if it does not */
int meter_timeout(const struct meter *meter, uint64_t now_ms);

/** Takes the line away, so that something else can be printed; it comes back. */
void meter_clear(struct meter *meter);

/** @return messages per second over the last seconds, 0 if nobody knows yet */
double meter_rate(const struct meter *meter);

/** @return seconds that are left, -1 if nobody knows */
double meter_seconds_left(const struct meter *meter);

/** Takes note of the moment; meter_show does, and tests do. */
void meter_sample(struct meter *meter, uint64_t now_ms);

#endif
