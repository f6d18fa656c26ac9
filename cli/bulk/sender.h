/* SPDX-License-Identifier: MIT */
/*
 * Messages on their way to one server: a pool, with what the command asks of it. It tries nothing
 * again: what failed comes back, and may be added once more.
 */
#ifndef CLI_BULK_SENDER_H
#define CLI_BULK_SENDER_H

#include <poll.h>

#include <posthaste/pool.h>

#include "item.h"

struct sender;

struct sender_options {
    uint64_t connections; /* 1 to 10,000 */
    double per_second;    /* 0: as fast as it goes */
    uint64_t window;      /* messages that one connection may have in flight */
    bool is_recorded;     /* a checkpoint knows what is begun: not much more than is under way */
};

/**
 * Takes an item back that has ended.
 * @param result  what became of it, recipient by recipient; NULL if it did not get that far
 * @param error   NULL if it was sent; valid for the call
 */
typedef void (*sender_done_fn)(struct item *item, const ph_result *result, const ph_error *error,
                               void *user_data);

/** @return PH_OK, PH_ERR_NO_MEMORY, PH_ERR_IO (no descriptor to wait with) */
int sender_new(ph_server *server, const struct sender_options *options, sender_done_fn done,
               void *user_data, struct sender **out);

/**
 * @return how many more items it takes now. Once it is full that is none until half of them have
 *         come back, so that they are read, and written to a checkpoint, many at a time
 */
size_t sender_room(struct sender *sender);

/** Takes an item, which comes back by done. @return PH_OK, or why not: it stays the caller's */
int sender_add(struct sender *sender, struct item *item);

/** @return how many sessions were opened so far */
uint64_t sender_sessions(const struct sender *sender);

/** @return how many items have not come back */
size_t sender_pending(const struct sender *sender);

/**
 * Waits until something happens, and takes everything on.
 * @param others      polled along, with revents afterwards
 * @param timeout_ms  at most; -1 for no limit of the caller's
 */
void sender_wait(struct sender *sender, struct pollfd *others, nfds_t n_others, int timeout_ms);

/** Takes back what has not been begun; what is under way ends as the server says. */
void sender_stop(struct sender *sender);

/** Takes back everything at once; what had its end sent is of unknown outcome. */
void sender_abort(struct sender *sender);

/** Ends every session with QUIT, and waits a little for the servers to answer. */
void sender_quit(struct sender *sender);

/** @return a sentence on what should be known of the sessions, or NULL */
const char *sender_notice(const struct sender *sender);

/** NULL is allowed. Nothing may be pending. */
void sender_free(struct sender *sender);

#endif
