/* SPDX-License-Identifier: MIT */
/*
 * ph_pool: many messages to many servers, on one thread.
 *
 * Messages are added with the server that they go to and a function that is told what became of
 * them. The pool opens, reuses and closes the connections: within limits, with fair turns among
 * servers, retries after passing failures, and rates that are kept. Its memory is bounded by the
 * limit on what may wait, and serves one message after another: a stream of them allocates nothing.
 * A message, and its content, is the caller's from beginning to end.
 *
 *     ph_pool_new(NULL, &pool);
 *     ph_pool_add(pool, server, message, &(ph_pool_options){.done = told, .user_data = me});
 *     while (!ph_pool_run(pool, 1000))
 *         ...;                                         // the time was over, something is left
 *     ph_pool_free(pool);
 *
 * A program with an event loop of its own polls ph_pool_fd, until ph_pool_deadline at the latest,
 * and calls ph_pool_process. A pool, its servers and its messages belong to one thread at a time;
 * several threads have a pool each. Functions that the pool calls may call anything, ph_pool_free
 * on the pool included; ph_pool_process and ph_pool_run do nothing then.
 */
#ifndef POSTHASTE_POOL_H
#define POSTHASTE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/error.h>
#include <posthaste/message.h>
#include <posthaste/server.h>

PH_BEGIN_DECLS

typedef struct ph_pool ph_pool;

/**
 * Makes a pool.
 * @param allocator  memory functions, or NULL for malloc and free; copied
 * @param out        receives the pool; the caller frees it with ph_pool_free
 * @return PH_OK, PH_ERR_NO_MEMORY, PH_ERR_IO (the system gave no descriptor to wait with)
 */
PH_API PH_MUST_CHECK int ph_pool_new(const ph_allocator *allocator, ph_pool **out);

/**
 * Closes every connection at once, without QUIT, and frees. NULL is allowed. Messages that are not
 * done are the caller's again, and nothing is told of them: ph_pool_abort tells.
 */
PH_API void ph_pool_free(ph_pool *pool);

/* ---- Limits; they may change at any time ---------------------------------------------------- */

/* Where one is lowered, what is under way ends as it began, and nothing more is begun beyond it. */

/** Connections in all. Default 100; at least 1. */
PH_API void ph_pool_set_connections_max(ph_pool *pool, size_t n);

/** Connections to one server. Default 4; at least 1. */
PH_API void ph_pool_set_connections_per_server(ph_pool *pool, size_t n);

/** Messages to one recipient domain that are under way at once; 0, the default, is no limit. One
 * set for the first time holds for what is added from then on. Whose turn it is among those that
 * stand aside for their domain, to whatever server, their priorities say (ph_priority). One whose
 * server is paused, after a failure or for its rate, lets others go first that stand among the 32
 * next: as long as the server cannot be had, and eight times at most while its rate is used up. */
PH_API void ph_pool_set_messages_per_domain(ph_pool *pool, size_t n);

/** Messages on one connection, before it is closed with QUIT; 0 is no limit. Default 0. */
PH_API void ph_pool_set_messages_per_connection(ph_pool *pool, size_t n);

/** Messages that are added and not done; ph_pool_add refuses more. Default 10,000; at least 1. */
PH_API void ph_pool_set_messages_max(ph_pool *pool, size_t n);

/** Messages begun per second, in all and to each server; 0, the default, is no limit. */
PH_API void ph_pool_set_rate(ph_pool *pool, double messages_per_second);
PH_API void ph_pool_set_server_rate(ph_pool *pool, double messages_per_second);

/** How long a connection may idle before it is closed with QUIT; 0: not at all, it is closed as
 * soon as it has nothing to do. Default 10,000 ms. */
PH_API void ph_pool_set_idle_timeout(ph_pool *pool, uint32_t timeout_ms);

/** A connection that idled for longer is asked (NOOP) before it is trusted with a message; one that
 * does not answer within five seconds is replaced. Default 2,000 ms. */
PH_API void ph_pool_set_probe_after(ph_pool *pool, uint32_t idle_ms);

/** When a message is sent again. */
typedef struct ph_retry {
    uint32_t attempts;       /**< in all, the first one included; 1 is no retry. Default 3 */
    uint32_t first_delay_ms; /**< before the second attempt. Default 1,000 */
    uint32_t delay_max_ms; /**< each delay doubles the one before, up to this. Default 60,000. Up to
                                a quarter more is added at random, so that what failed together
                                does not come back together */
    bool unknown_too;      /**< also when the outcome is unknown: it may then arrive twice */
} ph_retry;

/**
 * Sets the rules of retries.
 *
 * Sent again is what may pass (ph_status_may_pass): a refusal with 4yz, a connection that could not
 * be opened or was lost, unless the outcome is unknown. A refusal with 5yz, a certificate or a
 * login refused, is final. What waited behind another message on a connection that was lost had no
 * attempt yet, nor had the one that found a connection closed that had been of use before.
 * @return PH_OK or PH_ERR_ARGUMENT (no attempts)
 */
PH_API PH_MUST_CHECK int ph_pool_set_retry(ph_pool *pool, const ph_retry *retry);

/* ---- Messages ---------------------------------------------------------------------------------
 */

/** Whose turn comes first among the messages to one server, and among those that stand aside for
 * one domain (ph_pool_set_messages_per_domain). Of eight turns one goes to a lower priority that
 * waits, so that none waits for ever. */
typedef enum ph_priority {
    PH_PRIORITY_NORMAL = 0,
    PH_PRIORITY_HIGH = 1,
    PH_PRIORITY_LOW = 2
} ph_priority;

/** What became of a message. What it points to is valid until the function that got it returns or
 * calls the pool. */
typedef struct ph_delivery {
    ph_message *message;     /**< the caller's again; it may be added again at once */
    ph_server *server;       /**< where it was to go */
    int status;              /**< PH_OK: sent; PH_ERR_CANCELLED; or the last failure */
    ph_outcome outcome;      /**< sent, not sent, or unknown */
    const ph_result *result; /**< of the last attempt, recipient by recipient; NULL: it had none */
    const ph_error *error;   /**< the last failure; NULL: none */
    uint32_t attempts;       /**< how often it was begun, ph_pool_options.attempts included */
    uint64_t elapsed_ms;     /**< since it was added */
    const char *notice;      /**< what should be known of the session (ph_connection_notice); NULL:
                                  nothing, or there was none */
} ph_delivery;

typedef void (*ph_delivery_fn)(ph_pool *pool, const ph_delivery *delivery, void *user_data);

/** What goes with a message; all zeros is fine. */
typedef struct ph_pool_options {
    ph_priority priority;
    const char *domain;  /**< for the limit per domain; NULL: that of the first recipient */
    ph_delivery_fn done; /**< called once, when the message is done; NULL: nobody asks */
    void *user_data;
    uint32_t attempts; /**< that it had before, such as when it is added again for recipients that
                            were refused for now: they count, but what is added is sent at once */
} ph_pool_options;

/**
 * Adds a message. Sends nothing yet: that is ph_pool_run's and ph_pool_process's part.
 *
 * @param server   is frozen, and kept as long as it is used. A connection is used again for the
 *                 same ph_server alone: address, TLS, client certificate, login and every other
 *                 setting are then the same
 * @param message  stays the caller's, who leaves it and its source alone until it is done. It may
 *                 be sent more than once, so its source should be one that can be read again
 *                 (ph_message_set_rewind); any other makes its first attempt the last
 * @param options  NULL for none
 * @return PH_OK: done will be called; PH_ERR_FULL (ph_pool_set_room tells when to go on),
 *         PH_ERR_ARGUMENT (no such priority, or the server of a ph_smtp), PH_ERR_STATE (the
 *         message is in a pool already, or the pool is closing), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_pool_add(ph_pool *pool, ph_server *server, ph_message *message,
                                     const ph_pool_options *options);

/**
 * Takes a message back, as ph_connection_cancel does. If it was not under way, done is called
 * before this returns.
 * @return PH_OK: done tells PH_ERR_CANCELLED; PH_ERR_STATE (it is not in the pool, or was sent to
 *         its end and ends as the server says)
 */
PH_API int ph_pool_cancel(ph_pool *pool, ph_message *message);

/**
 * Takes back every message that is not under way: what waits for its turn, or for its next attempt.
 * done tells PH_ERR_CANCELLED of each before this returns. What is under way goes on, and may be
 * tried again if the rules of retries say so; what is added meanwhile stays.
 */
PH_API void ph_pool_cancel_waiting(ph_pool *pool);

typedef void (*ph_room_fn)(ph_pool *pool, void *user_data);

/** Sets a function that is called when there is room again after PH_ERR_FULL: once half of what may
 * wait is gone, so that it is worthwhile. NULL: none. */
PH_API void ph_pool_set_room(ph_pool *pool, ph_room_fn room, void *user_data);

/** @return how many more messages ph_pool_add takes now */
PH_API size_t ph_pool_room(const ph_pool *pool);

/** @return how many messages were added and are not done */
PH_API size_t ph_pool_unfinished(const ph_pool *pool);

/* ---- Being driven -----------------------------------------------------------------------------
 */

/**
 * Sends, and waits, until nothing is left or the time is over. Blocks.
 * @param timeout_ms  -1 for as long as it takes; 0 not to wait at all
 * @return nothing is left to send (and, behind ph_pool_close, no connection is open)
 */
PH_API bool ph_pool_run(ph_pool *pool, int timeout_ms);

/** @return a descriptor that is readable when ph_pool_process has something to do; -1 where the
 * system has none that stands for others: ph_pool_run is the way there */
PH_API int ph_pool_fd(const ph_pool *pool);

/** @return when (of ph_now_ms) process must be called at the latest, or PH_NO_DEADLINE */
PH_API uint64_t ph_pool_deadline(const ph_pool *pool);

/** Takes everything on as far as it goes without waiting. */
PH_API void ph_pool_process(ph_pool *pool, uint64_t now_ms);

/** No message is taken any more; what was added is finished, then every connection is closed with
 * QUIT, whose reply is waited for no longer than five seconds. ph_pool_run, or process, does it. */
PH_API void ph_pool_close(ph_pool *pool);

/** Closes every connection at once, and tells of each message what became of it: cancelled, or
 * unknown. No message is taken any more. Called from a function that the pool calls, it tells of
 * what is on the connection in question as soon as that function is back. */
PH_API void ph_pool_abort(ph_pool *pool);

/* ---- Statistics --------------------------------------------------------------------------------
 */

/** Counts since the pool was made, but for those that say "now". New fields go at the end. */
typedef struct ph_pool_statistics {
    uint64_t added;
    uint64_t waiting;   /**< now: for their turn */
    uint64_t deferred;  /**< now: for their next attempt */
    uint64_t in_flight; /**< now: given to a connection */
    uint64_t sent;
    uint64_t refused; /**< by the server, for good or too often */
    uint64_t failed;  /**< for want of a connection, source or extension */
    uint64_t unknown; /**< nobody knows */
    uint64_t cancelled;
    uint64_t retries; /**< attempts beyond the first of each */
    uint64_t bytes;   /**< of content, as sent */
    uint64_t round_trips;
    uint64_t connections_opened;
    uint64_t connections_failed; /**< that got no session */
    uint64_t connections_open;   /**< now: with a session, or on the way to one */
    uint64_t connections_idle;   /**< now */
    uint64_t tls_handshakes;
    uint64_t tls_resumed; /**< of them, with a session from before */
} ph_pool_statistics;

/** @param statistics  is filled; @p size is its sizeof, so that later fields do no harm */
PH_API void ph_pool_get_statistics(const ph_pool *pool, ph_pool_statistics *statistics,
                                   size_t size);

/**
 * @param fraction  0 to 1: 0.5 is the median, 0.99 what one in a hundred exceeds
 * @return milliseconds from ph_pool_add to done of the messages that were sent, within an eighth;
 *         0 if none was
 */
PH_API uint64_t ph_pool_latency_ms(const ph_pool *pool, double fraction);

PH_END_DECLS

#endif
