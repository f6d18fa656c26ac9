/* SPDX-License-Identifier: MIT */
/*
 * What a pool consists of, for the files that make it up: pool.c (life, limits, adding), drive.c
 * (how it is driven, and ends), job.c (messages, and their memory), schedule.c (who goes next, and
 * over which connection), member.c (connections and their events), outcome.c (retries and ends),
 * relay.c (what is known of a server), domain.c (the limit per domain), and the small things
 * timers.c, rate.c, histogram.c, poller_epoll.c, poller_poll.c.
 *
 * Every step costs the same however many messages wait: they stand in lists, and time in a heap. A
 * change of a limit, and the end of the pool, look at every connection, server or domain.
 */
#ifndef PH_POOL_POOL_STATE_H
#define PH_POOL_POOL_STATE_H

#include <posthaste/connection.h>
#include <posthaste/pool.h>

#include "base/error.h"
#include "pool/histogram.h"
#include "pool/list.h"
#include "pool/poller.h"
#include "pool/rate.h"
#include "pool/timers.h"

enum {
    ph__priorities = 3,       /* in the order of their turns: high, normal, low */
    ph__free_returns_max = 3, /* how often a message may lose its connection before its turn */
    ph__patience_ms = 5000,   /* with a server that is to answer NOOP or QUIT */
    ph__turn_messages = 16    /* on one connection, while others have none */
};

/* ---- A message ------------------------------------------------------------------------------- */

enum ph__job_state {
    PH__JOB_WAITING,  /* in its relay's queue */
    PH__JOB_BLOCKED,  /* in its domain's queue */
    PH__JOB_DEFERRED, /* until its timer */
    PH__JOB_SENDING   /* given to a connection, or about to be told of or deferred */
};

struct ph__job {
    struct ph__link of_pool;
    struct ph__link link; /* of the queue that it stands in */
    struct ph__timer timer;
    enum ph__job_state state;
    ph_message *message;
    struct ph__relay *relay;
    struct ph__domain *domain; /* NULL: no limit applies */
    struct ph__member *member; /* that sends it; NULL: none does */
    ph_delivery_fn done;
    void *user_data;
    uint64_t number; /* how many were added before it: the list of all is in this order */
    uint64_t place;  /* in the order in which jobs may stand aside; 0: it had no turn yet */
    uint64_t added_ms;
    uint32_t attempts;
    uint8_t rank; /* of its priority: 0 goes first */
    uint8_t free_returns;
    uint8_t passed_over; /* how many of its domain went before it, since its server was paused */
    bool is_called;      /* from its domain's queue, and not begun yet */
    bool has_passed_on;  /* its domain's turn, since its server is paused */
    bool is_cancelled;   /* by the program, while it was under way */
};

/* ---- A server -------------------------------------------------------------------------------- */

struct ph__relay {
    struct ph__link of_pool;
    struct ph__link ready;  /* in the ring of those that may have a turn */
    struct ph__link hungry; /* in the list of those that wait for a place for a connection */
    struct ph__relay *next_of_hash;
    ph_pool *pool;
    ph_server *server;
    struct ph__list called[ph__priorities]; /* before the others: put back, or from domains */
    struct ph__list waiting[ph__priorities];
    size_t waiting_count; /* in both */
    size_t job_count;     /* in any state; with none, and no connection, the relay is forgotten */
    unsigned turns;

    struct ph__list idle;  /* connections that nothing is asked of */
    struct ph__list roomy; /* connections that send, and can take one more */
    size_t member_count;
    size_t giving_count; /* of them: those that give up their places */
    size_t opening_count;
    size_t probing_count;
    uint64_t opens_after_ms; /* an opening failed: none is tried before */

    struct ph__rate rate;
    size_t paid_count; /* messages that the rates allowed, and that wait for an answer to NOOP */
    struct ph__timer timer; /* when it may go on: after a failure, or for its rate */
    bool is_paused;
    bool is_owed_turn;        /* it came, and there was no connection or the rate forbade it */
    uint32_t failed_openings; /* in a row */
};

/* ---- A connection ---------------------------------------------------------------------------- */

enum ph__member_state {
    PH__MEMBER_OPENING,
    PH__MEMBER_OPEN,    /* idle, or sending */
    PH__MEMBER_PROBING, /* NOOP says whether it is still there */
    PH__MEMBER_LEAVING  /* QUIT */
};

struct ph__member {
    struct ph__link of_pool;
    struct ph__link of_relay; /* idle or roomy */
    struct ph__link of_idle;  /* of all that idle, the longest first */
    struct ph__link kicked;   /* it has something to write or to tell */
    ph_pool *pool;
    struct ph__relay *relay;
    ph_connection *connection;
    enum ph__member_state state;
    struct ph__timer timer;
    struct ph__watch watch;
    size_t in_flight;
    size_t ended_count; /* of messages, however they ended */
    uint64_t since;     /* of its idling, NOOP or QUIT */
    uint64_t trips_seen;
    bool gives_up_place; /* closes as soon as it can, for another server's sake or its own */
    bool is_over;        /* a message told of its end: those behind it fail for that alone */
    bool is_busy;        /* something is being done with it, down the stack: it must stay */
};

/* ---- A recipient domain ---------------------------------------------------------------------- */

struct ph__domain {
    struct ph__domain *next; /* of its hash, or of those that are not used */
    char *name;
    size_t name_size; /* allocated */
    size_t job_count;
    size_t in_flight;
    struct ph__list blocked[ph__priorities]; /* by their places */
    unsigned turns;
};

/* ---- The pool -------------------------------------------------------------------------------- */

struct ph_pool {
    ph_allocator own_allocator;
    const ph_allocator *allocator;
    uint64_t now_ms;

    size_t connections_max;
    size_t connections_per_server;
    size_t messages_per_domain;
    size_t messages_per_connection;
    size_t messages_max;
    double messages_per_second;
    double server_rate;
    uint32_t idle_timeout_ms;
    uint32_t probe_after_ms;
    ph_retry retry;

    struct ph__relay **relay_table; /* by their hashes */
    size_t relays_size;
    size_t relay_count;
    struct ph__domain **domains; /* by their hashes */
    size_t domains_size;
    size_t domain_count;
    uint64_t last_place;
    struct ph__domain *unused_domains;

    struct ph__list jobs;        /* all that are not done */
    struct ph__list unused_jobs; /* for the next messages */
    struct ph__list members;     /* all */
    struct ph__list relays;      /* all, in the order in which they were first needed */
    struct ph__list ready;       /* relays that have messages, and may go on */
    struct ph__list hungry;      /* relays with messages and no connection, for want of a place */
    struct ph__list idle;        /* members of all relays, the longest idle first */
    struct ph__list kicked;      /* members that have something to write or to tell */
    size_t member_count;
    size_t giving_count; /* of members: those that give up their places */
    size_t hungry_count;
    size_t job_count;

    struct ph__timers timers;
    struct ph__poller *poller;
    struct ph__rate rate;
    struct ph__timer rate_timer;
    bool is_rate_paused;

    ph_room_fn room;
    void *room_data;
    bool was_full;
    bool is_closing;
    bool is_aborted;
    bool has_let_go; /* of the connections that nobody needs, behind the last message */
    unsigned depth;  /* of calls that are under way: what they use must stay */
    bool is_freed;
    uint32_t random;

    ph_pool_statistics statistics;
    struct ph__histogram latencies;
};

/* ---- pool.c ---------------------------------------------------------------------------------- */

/* Room for the timers of all that there is, and one more of each kind: asked for before each job,
 * relay and member. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__pool_reserve_timers(ph_pool *pool);

/* Every call that may reach the program's functions stands between these two. @return the pool is
 * still there */
void ph__pool_enter(ph_pool *pool);
bool ph__pool_leave(ph_pool *pool);

/* ---- schedule.c ------------------------------------------------------------------------------ */

/* Gives turns as long as anybody can use one. */
void ph__schedule(ph_pool *pool);

/* @return it would do something */
bool ph__turns_are_due(const ph_pool *pool);

/* Puts a job in its relay's queue, at its end or before all others of its priority. */
void ph__schedule_job(struct ph__job *job, bool goes_first);

/* The same of one that its domain had to call: behind those that were called before. */
void ph__schedule_called(struct ph__job *job);

/* @return the first of a priority that waits, or NULL */
struct ph__job *ph__first_waiting(const struct ph__relay *relay, size_t rank);

/* @param waits  whether something of a priority does
 * @return the priority whose turn it is; the lowest if nothing waits */
size_t ph__rank_of_turn(const bool waits[ph__priorities], unsigned turns);

/* The relay may have a turn, if it has a message and is not paused. */
void ph__schedule_relay(struct ph__relay *relay);

/* @return more servers wait for a place than there are connections that give theirs up */
bool ph__places_are_wanted(const ph_pool *pool);

/* Takes the relay out of the line of those that wait for a place. */
void ph__stop_waiting_for_place(struct ph__relay *relay);

/* Lets the relay wait until then. */
void ph__pause_relay(struct ph__relay *relay, uint64_t until_ms);

/* @return it is paused, and nothing is paid for */
bool ph__relay_must_wait(const struct ph__relay *relay);

/* ---- member.c -------------------------------------------------------------------------------- */

/* Opens a connection. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__member_open(struct ph__relay *relay);

/* Gives it a job. @return PH_OK, PH_ERR_NO_MEMORY, or PH_ERR_STATE (it is closed) */
int ph__member_give(struct ph__member *member, struct ph__job *job);

/* @return an idle one has idled for so long that it is to be asked before it is trusted */
bool ph__member_needs_probe(const struct ph__member *member);

/* Asks an idle one whether it is still there. */
void ph__member_probe(struct ph__member *member);

/* A limit on connections, or on their messages, has changed: those that are beyond it take no more
 * messages, and leave as soon as nothing is under way on them. */
void ph__members_heed_limits(ph_pool *pool);

/* The time limit of those that idle has changed. */
void ph__members_heed_idle_timeout(ph_pool *pool);

/* Ends it with QUIT, behind what is under way. */
void ph__member_leave(struct ph__member *member);

/* Something is to be read or written, or a time limit passed. */
void ph__member_process(struct ph__member *member, const struct pollfd *fds, size_t count);

/* It has something to write or to tell, which is taken on soon. */
void ph__member_kick(struct ph__member *member);

/* Takes on the members that have something to write or to tell. */
void ph__members_take_on(ph_pool *pool);

/* Writes, and tells, what is to be written and told. */
void ph__member_take_on(struct ph__member *member);

/* Forgets it; nothing of it is under way. */
void ph__member_free(struct ph__member *member);

/* ---- job.c ----------------------------------------------------------------------------------- */

/* @return a job of the relay's, which is in no queue yet; NULL without memory */
struct ph__job *ph__job_new(struct ph__relay *relay, ph_message *message,
                            const ph_pool_options *options);

/* Takes it out of everything that knows of it, and keeps its memory for another. */
void ph__job_forget(struct ph__job *job);

/* Frees that memory; no job is left. */
void ph__jobs_release(ph_pool *pool);

/* ---- outcome.c ------------------------------------------------------------------------------- */

/* Its connection is done with a job: it is told, or sent again later. */
void ph__job_ended(struct ph__job *job, int status, const ph_result *result);

/* A connection was there for it, and no memory to begin: that was an attempt. */
void ph__job_had_no_memory(struct ph__job *job);

/* Tells the program, and forgets the job. */
void ph__job_tell(struct ph__job *job, int status, ph_outcome outcome, const ph_result *result,
                  const ph_error *error);

/* Takes back one that is not under way. */
void ph__job_cancel(struct ph__job *job);

/* No session could be had: the relay waits, or its messages fail. */
void ph__relay_failed(struct ph__relay *relay, const ph_error *error);

/* The same for want of memory to begin. */
void ph__relay_had_no_memory(struct ph__relay *relay);

/* ---- relay.c --------------------------------------------------------------------------------- */

/* @return what is known of the server, made if need be; NULL without memory */
struct ph__relay *ph__relay_of(ph_pool *pool, ph_server *server);

/* Forgets it if nothing of it is left. */
void ph__relay_let_go(struct ph__relay *relay);
void ph__relay_free(struct ph__relay *relay);

/* A limit has changed: every relay looks anew whether it may go on, but for those whose server
 * could not be had. */
void ph__relays_go_on(ph_pool *pool);

/* ---- domain.c -------------------------------------------------------------------------------- */

/* Finds the job's domain, if a limit applies. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__domain_take(struct ph__job *job, const char *name);

/* The job has come to the front of its relay's queue. @return it may be sent */
bool ph__domain_admits(struct ph__job *job);

/* Puts one that may not, and is in no queue, into its domain's. */
void ph__domain_stand_aside(struct ph__job *job);
void ph__domain_begun(struct ph__job *job);

/* One that was called cannot go, since its server is paused: another of its domain may, to another
 * server. */
void ph__domain_pass_on(struct ph__job *job);
void ph__domain_ended(struct ph__job *job);
void ph__domain_let_go(struct ph__job *job);

/* The limit has changed: what may go now has its turn. */
void ph__domains_go_on(ph_pool *pool);

/* Frees what was kept for other domains; no job is left. */
void ph__domains_release(ph_pool *pool);

#endif
