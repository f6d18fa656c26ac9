/* SPDX-License-Identifier: MIT */
/* The event loops that there are adapters for, behind one table, so that each meets the same tests.
 */
#ifndef TESTS_ADAPTERS_LOOPS_H
#define TESTS_ADAPTERS_LOOPS_H

#include <stdbool.h>

#include <posthaste/connection.h>

struct loop {
    const char *name;
    /** Makes a loop, which holds one connection at a time. */
    void *(*begin)(void);
    void (*attach)(void *loop, ph_connection *connection);
    void (*detach)(void *loop);
    /** Runs it until *is_over, which a handler sets. */
    void (*run)(void *loop, const bool *is_over);
    void (*end)(void *loop);
};

extern const struct loop loops[];
extern const unsigned loop_count;

#endif
