/* SPDX-License-Identifier: MIT */
/* The connections of a pool: their events, their places, and their ends. */
#include "base/allocator.h"
#include "connection/connection.h"
#include "pool/pool_state.h"

/* ---- Places ---------------------------------------------------------------------------------- */

static size_t given_count(const struct ph__member *member)
{
    return member->ended_count + member->in_flight;
}

/* The member's place is another server's, as soon as nothing is under way on it. */
static void give_up_place(struct ph__member *member)
{
    member->pool->giving_count += !member->gives_up_place;
    member->relay->giving_count += !member->gives_up_place;
    member->gives_up_place = true;
}

/* @return it is one more than there may be, since a limit was lowered */
static bool is_beyond_limits(const struct ph__member *member)
{
    const ph_pool *pool = member->pool;
    const struct ph__relay *relay = member->relay;
    return pool->member_count - pool->giving_count > pool->connections_max ||
           relay->member_count - relay->giving_count > pool->connections_per_server;
}

/* @return it has had its turn, and somebody waits for a place that no other gives up; or it should
 * not be there */
static bool gives_up_place(struct ph__member *member)
{
    const bool has_had_turn = given_count(member) >= ph__turn_messages;
    if ((has_had_turn && ph__places_are_wanted(member->pool)) ||
        (!member->gives_up_place && is_beyond_limits(member)))
        give_up_place(member);
    return member->gives_up_place;
}

/* @return it takes no more messages: it has had all it may have, or has ended, which its last event
 * is yet to tell */
static bool is_used_up(const struct ph__member *member)
{
    const size_t max = member->pool->messages_per_connection;
    return member->is_over || !ph_connection_is_connected(member->connection) ||
           (max > 0 && given_count(member) >= max);
}

static bool has_room(struct ph__member *member)
{
    return member->state == PH__MEMBER_OPEN && !is_used_up(member) && !gives_up_place(member) &&
           ph_connection_room(member->connection) > 0;
}

static void set_state(struct ph__member *member, enum ph__member_state state)
{
    struct ph__relay *relay = member->relay;
    relay->opening_count -= member->state == PH__MEMBER_OPENING;
    relay->probing_count -= member->state == PH__MEMBER_PROBING;
    relay->probing_count += state == PH__MEMBER_PROBING;
    member->state = state;
}

static void leave_lists(struct ph__member *member)
{
    ph__list_remove(&member->of_relay);
    ph__list_remove(&member->of_idle);
}

static void become_idle(struct ph__member *member)
{
    member->since = member->pool->now_ms;
    ph__list_prepend(&member->relay->idle, &member->of_relay); /* the warmest first */
    ph__list_append(&member->pool->idle, &member->of_idle);
}

/* Puts the member where it belongs now, and lets its relay see. */
static void settle(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    const bool was_idle = ph__link_is_in_list(&member->of_idle);
    const bool is_idle = member->state == PH__MEMBER_OPEN && member->in_flight == 0;
    const bool must_leave =
        is_idle &&
        (is_used_up(member) || gives_up_place(member) ||
         (member->relay->waiting_count == 0 && (pool->is_closing || ph__places_are_wanted(pool))));
    if (was_idle && is_idle && !must_leave)
        return;
    leave_lists(member);
    if (must_leave) {
        ph__member_leave(member);
        return;
    }
    if (is_idle)
        become_idle(member);
    else if (has_room(member))
        ph__list_append(&member->relay->roomy, &member->of_relay);
    else
        return;
    ph__schedule_relay(member->relay);
}

void ph__member_kick(struct ph__member *member)
{
    if (!ph__link_is_in_list(&member->kicked))
        ph__list_append(&member->pool->kicked, &member->kicked);
}

/* ---- Beginning ------------------------------------------------------------------------------- */

/* @return when the pool loses its patience with it: nobody waits for long on the word of a server
 * that has nothing else to do */
static uint64_t patience_end(const struct ph__member *member)
{
    if (ph__link_is_in_list(&member->of_idle))
        return member->since + member->pool->idle_timeout_ms;
    if (member->state == PH__MEMBER_PROBING || member->state == PH__MEMBER_LEAVING)
        return member->since + ph__patience_ms;
    return PH_NO_DEADLINE;
}

/* A connection's own time limit, or the end of patience. Checked again when it is due, since both
 * move on with every reply. */
static uint64_t due_of(const struct ph__member *member)
{
    const uint64_t deadline = ph_connection_deadline(member->connection, member->pool->now_ms);
    const uint64_t end = patience_end(member);
    return end < deadline ? end : deadline;
}

static void set_timer(struct ph__member *member)
{
    const uint64_t due = due_of(member);
    if (due != PH_NO_DEADLINE && (member->timer.place == 0 || due < member->timer.at_ms))
        ph__timers_set(&member->pool->timers, &member->timer, due);
}

static void member_due(struct ph__timer *timer)
{
    struct ph__member *member = PH__HOLDER(timer, struct ph__member, timer);
    const ph_pool *pool = member->pool;
    const bool was_idle = ph__link_is_in_list(&member->of_idle);
    if (pool->now_ms >= patience_end(member)) {
        if (was_idle)
            ph__member_leave(member);
        else
            ph_connection_close(member->connection);
    }
    if (pool->now_ms >= due_of(member))
        ph__member_process(member, NULL, 0);
    else
        set_timer(member);
}

int ph__member_open(struct ph__relay *relay)
{
    ph_pool *pool = relay->pool;
    if (ph__pool_reserve_timers(pool) != PH_OK)
        return PH_ERR_NO_MEMORY;
    struct ph__member *member = ph__allocate(pool->allocator, sizeof *member);
    if (!member)
        return PH_ERR_NO_MEMORY;
    if (ph__poller_add(pool->poller, &member->watch, member) != PH_OK ||
        ph_connection_new(relay->server, pool->now_ms, &member->connection) != PH_OK) {
        ph__poller_remove(pool->poller, &member->watch);
        ph__release(pool->allocator, member);
        return PH_ERR_NO_MEMORY;
    }
    member->pool = pool;
    member->relay = relay;
    member->state = PH__MEMBER_OPENING;
    member->timer.due = member_due;
    ph__list_append(&pool->members, &member->of_pool);
    pool->member_count++;
    relay->member_count++;
    relay->opening_count++;
    ph__stop_waiting_for_place(relay);
    ph__member_kick(member);
    return PH_OK;
}

int ph__member_give(struct ph__member *member, struct ph__job *job)
{
    const int status = ph_connection_send(member->connection, job->message, job);
    if (status != PH_OK)
        return status;
    job->state = PH__JOB_SENDING;
    job->member = member;
    job->attempts++;
    member->in_flight++;
    if (job->attempts > 1)
        member->pool->statistics.retries++;
    ph__domain_begun(job);
    leave_lists(member);
    settle(member);
    ph__member_kick(member);
    return PH_OK;
}

bool ph__member_needs_probe(const struct ph__member *member)
{
    return member->pool->now_ms - member->since > member->pool->probe_after_ms;
}

void ph__member_probe(struct ph__member *member)
{
    leave_lists(member);
    set_state(member, PH__MEMBER_PROBING);
    member->since = member->pool->now_ms;
    if (ph_connection_noop(member->connection) != PH_OK)
        ph_connection_close(member->connection);
    ph__member_kick(member);
}

void ph__members_heed_limits(ph_pool *pool)
{
    const struct ph__link *end = &pool->members.ends;
    for (struct ph__link *link = end->next; link != end; link = link->next)
        settle(PH__HOLDER(link, struct ph__member, of_pool));
}

void ph__members_heed_idle_timeout(ph_pool *pool)
{
    for (struct ph__link *link = ph__list_first(&pool->idle); link && link != &pool->idle.ends;
         link = link->next)
        set_timer(PH__HOLDER(link, struct ph__member, of_idle));
}

/* ---- Ending ---------------------------------------------------------------------------------- */

void ph__member_leave(struct ph__member *member)
{
    leave_lists(member);
    give_up_place(member);
    set_state(member, PH__MEMBER_LEAVING);
    member->since = member->pool->now_ms;
    (void)ph_connection_quit(member->connection);
    ph__member_kick(member);
}

void ph__member_free(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    struct ph__relay *relay = member->relay;
    leave_lists(member);
    ph__list_remove(&member->of_pool);
    ph__list_remove(&member->kicked);
    ph__timers_unset(&pool->timers, &member->timer);
    ph__poller_remove(pool->poller, &member->watch);
    ph_connection_free(member->connection);
    set_state(member, PH__MEMBER_LEAVING);
    relay->member_count--;
    pool->member_count--;
    pool->giving_count -= member->gives_up_place;
    relay->giving_count -= member->gives_up_place;
    ph__release(pool->allocator, member);
}

static void closed(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    struct ph__relay *relay = member->relay;
    if (member->state == PH__MEMBER_OPENING) {
        pool->statistics.connections_failed++;
        ph__relay_failed(relay, ph_connection_error(member->connection));
    }
    ph__member_free(member);
    ph__schedule_relay(relay);
    ph__relay_let_go(relay);
}

/* ---- Events ---------------------------------------------------------------------------------- */

static void ready(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    const ph_tls_info *tls = ph_connection_tls_info(member->connection);
    pool->statistics.connections_opened++;
    pool->statistics.tls_handshakes += tls != NULL;
    pool->statistics.tls_resumed += tls && tls->resumed;
    member->relay->failed_openings = 0;
    member->relay->opens_after_ms = 0;
    if (member->state == PH__MEMBER_LEAVING)
        return; /* nobody needs it any more */
    set_state(member, PH__MEMBER_OPEN);
    settle(member);
}

static void message_done(struct ph__member *member, const ph_event *event)
{
    struct ph__job *job = event->user_data;
    member->in_flight--;
    member->ended_count++;
    ph__domain_ended(job);
    ph__job_ended(job, event->status, event->result);
    leave_lists(member);
    settle(member);
}

static void command_done(struct ph__member *member, int status)
{
    if (member->state != PH__MEMBER_PROBING)
        return;
    set_state(member, PH__MEMBER_OPEN);
    if (status == PH_OK)
        settle(member);
    else
        ph__member_leave(member);
}

/* @return the member is still there */
static bool handle(struct ph__member *member, const ph_event *event)
{
    switch (event->type) {
    case PH_EVENT_READY:
        ready(member);
        break;
    case PH_EVENT_MESSAGE_DONE:
        message_done(member, event);
        break;
    case PH_EVENT_COMMAND_DONE:
        command_done(member, event->status);
        break;
    case PH_EVENT_CLOSED:
        closed(member);
        return false;
    }
    return true;
}

static void update_watch(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(member->connection, fds);
    const bool is_settled = member->state != PH__MEMBER_OPENING;
    const struct ph__watch *watch = &member->watch;
    if (!is_settled || count != 1 || watch->count != 1 || watch->fds[0].fd != fds[0].fd ||
        watch->fds[0].events != fds[0].events) {
        if (ph__poller_watch(pool->poller, &member->watch, fds, count, is_settled) != PH_OK)
            ph__connection_fail_without_memory(member->connection, PH_PHASE_NONE); /* unheard */
    }
    set_timer(member);
}

static void count_trips(struct ph__member *member)
{
    const uint64_t trips = ph_connection_round_trips(member->connection);
    member->pool->statistics.round_trips += trips - member->trips_seen;
    member->trips_seen = trips;
}

void ph__member_take_on(struct ph__member *member)
{
    ph_pool *pool = member->pool;
    ph_event event;
    ph__list_remove(&member->kicked);
    member->is_busy = true;
    while (!pool->is_freed && ph_connection_next_event(member->connection, &event)) {
        if (event.type == PH_EVENT_CLOSED)
            count_trips(member);
        if (!handle(member, &event))
            return;
        ph__schedule(pool); /* what is given now leaves in the same write */
    }
    member->is_busy = false;
    if (pool->is_freed) /* with its messages, perhaps */
        return;
    count_trips(member);
    update_watch(member);
}

void ph__member_process(struct ph__member *member, const struct pollfd *fds, size_t count)
{
    member->is_busy = true; /* the program dials, and is asked for content */
    ph_connection_process(member->connection, fds, count, member->pool->now_ms);
    ph__member_take_on(member);
}

void ph__members_take_on(ph_pool *pool)
{
    struct ph__link *first;
    while (!pool->is_freed && (first = ph__list_first(&pool->kicked)) != NULL) {
        struct ph__member *member = PH__HOLDER(first, struct ph__member, kicked);
        /* A connection that begins needs the clock, others only write. */
        if (member->state == PH__MEMBER_OPENING)
            ph__member_process(member, NULL, 0);
        else
            ph__member_take_on(member);
        ph__schedule(pool);
    }
}
