/* SPDX-License-Identifier: MIT */
/*
 * Waits for many connections at once. Each has a watch, which says what it waits for; a watch is
 * told by its number, so that one that is gone cannot be taken for another.
 * poller_epoll.c is for Linux, poller_poll.c for every system.
 */
#ifndef PH_POOL_POLLER_H
#define PH_POOL_POLLER_H

#include <poll.h>
#include <stddef.h>

#include <posthaste/allocator.h>
#include <posthaste/connection.h>

struct ph__poller;

/* All zeros: watches nothing. */
struct ph__watch {
    void *owner;
    size_t number; /* from 1; 0: not added */
    size_t count;
    struct pollfd one;   /* where one descriptor is all, as it mostly is */
    struct pollfd *fds;  /* what is watched: one, or many */
    struct pollfd *many; /* room for PH_POLLFDS_MAX; NULL as long as one is enough */
};

/** @return PH_OK, PH_ERR_NO_MEMORY, PH_ERR_IO (the system gave no descriptor) */
int ph__poller_new(const ph_allocator *allocator, struct ph__poller **out);
void ph__poller_free(struct ph__poller *poller);

/** Begins to watch for an owner. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__poller_add(struct ph__poller *poller, struct ph__watch *watch, void *owner);

/** Watches these descriptors from now on, and no others. @param is_settled  they are still open if
 * they were watched before, and not others of the same number
 * @return PH_OK or PH_ERR_NO_MEMORY (which the system may say of its own) */
int ph__poller_watch(struct ph__poller *poller, struct ph__watch *watch, const struct pollfd *fds,
                     size_t count, bool is_settled);

/** Ends a watch, whose descriptors are closed or about to be. */
void ph__poller_remove(struct ph__poller *poller, struct ph__watch *watch);

/** Waits. @return how many ph__poller_take will give at most */
size_t ph__poller_wait(struct ph__poller *poller, int timeout_ms);

/** @return the owner of a watch with something ready, which @p fd receives; NULL: it is gone */
void *ph__poller_take(struct ph__poller *poller, size_t index, struct pollfd *fd);

/** @return a descriptor that is readable when something is ready; -1: there is none */
int ph__poller_fd(const struct ph__poller *poller);

#endif
