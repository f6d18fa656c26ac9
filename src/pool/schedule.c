/* SPDX-License-Identifier: MIT */
/*
 * Who goes next, and over which connection. Servers that have messages stand in a ring and take
 * turns, a message a turn. A message goes to an idle connection if there is one; otherwise one more
 * is opened, as long as fewer are opening than messages wait, and within the limits; meanwhile a
 * connection that sends takes one more, whose envelope leaves with the end of the other.
 */
#include "pool/pool_state.h"

enum {
    turns_per_round = 8 /* of which the last is a lower priority's */
};

/* ---- Queues ---------------------------------------------------------------------------------- */

/* What has been paid for goes, whatever the rate says of the next. */
bool ph__relay_must_wait(const struct ph__relay *relay)
{
    return relay->is_paused && relay->paid_count == 0;
}

static void stand_in_line(struct ph__relay *relay, bool goes_first)
{
    if (relay->waiting_count == 0 || ph__relay_must_wait(relay) ||
        ph__link_is_in_list(&relay->ready))
        return;
    if (goes_first)
        ph__list_prepend(&relay->pool->ready, &relay->ready);
    else
        ph__list_append(&relay->pool->ready, &relay->ready);
}

void ph__schedule_relay(struct ph__relay *relay)
{
    if (relay->paid_count > 0)
        ph__list_remove(&relay->ready); /* to go before those who are still to pay */
    stand_in_line(relay, relay->is_owed_turn);
}

static void count_in(struct ph__job *job)
{
    job->state = PH__JOB_WAITING;
    job->relay->waiting_count++;
    ph__schedule_relay(job->relay);
}

void ph__schedule_job(struct ph__job *job, bool goes_first)
{
    if (goes_first)
        ph__list_prepend(&job->relay->called[job->rank], &job->link);
    else
        ph__list_append(&job->relay->waiting[job->rank], &job->link);
    count_in(job);
}

void ph__schedule_called(struct ph__job *job)
{
    ph__list_append(&job->relay->called[job->rank], &job->link);
    count_in(job);
}

/* The turns that domains have given to messages that cannot go now, but those that are passed on
 * already: they stand before the others. */
static void pass_turns_on(const struct ph__list *called)
{
    for (const struct ph__link *link = called->ends.previous; link != &called->ends;
         link = link->previous) {
        struct ph__job *job = PH__HOLDER(link, struct ph__job, link);
        if (!job->is_called || job->has_passed_on)
            return;
        ph__domain_pass_on(job);
    }
}

/* While one that was paid for is yet to go, nobody knows whose turn comes to nothing. */
static void let_others_go(struct ph__relay *relay)
{
    if (!ph__relay_must_wait(relay))
        return;
    for (size_t rank = 0; rank < ph__priorities; rank++)
        pass_turns_on(&relay->called[rank]);
}

void ph__pause_relay(struct ph__relay *relay, uint64_t until_ms)
{
    relay->is_paused = true;
    ph__list_remove(&relay->ready);
    ph__timers_set(&relay->pool->timers, &relay->timer, until_ms);
    let_others_go(relay);
}

struct ph__job *ph__first_waiting(const struct ph__relay *relay, size_t rank)
{
    struct ph__link *link = ph__list_first(&relay->called[rank]);
    if (!link)
        link = ph__list_first(&relay->waiting[rank]);
    return link ? PH__HOLDER(link, struct ph__job, link) : NULL;
}

/* The lower ones share what is theirs, or the lowest would have it all, and the one between them
 * nothing. */
size_t ph__rank_of_turn(const bool waits[ph__priorities], unsigned turns)
{
    const bool is_last_turn = turns % turns_per_round == turns_per_round - 1;
    const bool goes_to_lowest = turns / turns_per_round % 2 == 1;
    size_t highest = 0;
    while (highest + 1 < ph__priorities && !waits[highest])
        highest++;
    size_t lower = highest;
    for (size_t rank = highest + 1; is_last_turn && rank < ph__priorities; rank++) {
        if (waits[rank] && (lower == highest || goes_to_lowest))
            lower = rank;
    }
    return lower;
}

/* @return the message whose turn it is among those that wait, which some do */
static struct ph__job *job_of_turn(const struct ph__relay *relay)
{
    bool waits[ph__priorities];
    for (size_t rank = 0; rank < ph__priorities; rank++)
        waits[rank] = ph__first_waiting(relay, rank) != NULL;
    return ph__first_waiting(relay, ph__rank_of_turn(waits, relay->turns));
}

/* @return the message whose turn it is, still in its queue; NULL: none may go now */
static struct ph__job *next_job(struct ph__relay *relay)
{
    while (relay->waiting_count > 0) {
        struct ph__job *job = job_of_turn(relay);
        if (ph__domain_admits(job))
            return job;
        ph__list_remove(&job->link);
        relay->waiting_count--;
        ph__domain_stand_aside(job);
    }
    return NULL;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static bool has_place(const ph_pool *pool)
{
    return pool->member_count < pool->connections_max;
}

/* All places are taken: the relay waits in line, and one that idles for another server is given up,
 * unless enough of them are on their way out. */
static void wait_for_place(struct ph__relay *relay)
{
    ph_pool *pool = relay->pool;
    struct ph__link *idle = ph__list_first(&pool->idle);
    if (relay->member_count == 0 && !ph__link_is_in_list(&relay->hungry)) {
        ph__list_append(&pool->hungry, &relay->hungry);
        pool->hungry_count++;
    }
    if (idle && (ph__places_are_wanted(pool) || pool->giving_count == 0))
        ph__member_leave(PH__HOLDER(idle, struct ph__member, of_idle));
}

void ph__stop_waiting_for_place(struct ph__relay *relay)
{
    if (!ph__link_is_in_list(&relay->hungry))
        return;
    ph__list_remove(&relay->hungry);
    relay->pool->hungry_count--;
}

bool ph__places_are_wanted(const ph_pool *pool)
{
    return pool->hungry_count > pool->giving_count;
}

/* @return more messages wait than connections are on the way */
static bool needs_more(const struct ph__relay *relay)
{
    return relay->waiting_count > relay->opening_count + relay->probing_count;
}

/* @return one more would help, and the server takes one more */
static bool wants_connection(const struct ph__relay *relay)
{
    const ph_pool *pool = relay->pool;
    if (!needs_more(relay) || relay->member_count >= pool->connections_per_server)
        return false;
    /* One at a time finds out whether it answers again. */
    return relay->failed_openings == 0 || relay->opening_count == 0;
}

/* An opening failed while other connections went on, which may be gone before it may be tried
 * again: then something must bring that to mind. */
static bool must_wait_to_open(struct ph__relay *relay)
{
    if (relay->opens_after_ms <= relay->pool->now_ms)
        return false;
    ph__timers_set(&relay->pool->timers, &relay->timer, relay->opens_after_ms);
    return true;
}

static bool may_open(const struct ph__relay *relay)
{
    return wants_connection(relay) && has_place(relay->pool) &&
           relay->opens_after_ms <= relay->pool->now_ms;
}

static void open_one(struct ph__relay *relay)
{
    if (must_wait_to_open(relay))
        return;
    if (!has_place(relay->pool))
        wait_for_place(relay);
    else if (ph__member_open(relay) != PH_OK)
        ph__relay_had_no_memory(relay);
}

/* @return one that idles, the one that did so last, or NULL */
static struct ph__member *idle_member(const struct ph__relay *relay)
{
    struct ph__link *link = ph__list_first(&relay->idle);
    return link ? PH__HOLDER(link, struct ph__member, of_relay) : NULL;
}

static struct ph__member *pick_member(struct ph__relay *relay)
{
    struct ph__member *member = idle_member(relay);
    if (member && !ph__member_needs_probe(member))
        return member;
    if (wants_connection(relay))
        open_one(relay);
    struct ph__link *link = ph__list_first(&relay->roomy);
    return link ? PH__HOLDER(link, struct ph__member, of_relay) : NULL;
}

/* ---- Turns ----------------------------------------------------------------------------------- */

static bool rates_allow(struct ph__relay *relay)
{
    ph_pool *pool = relay->pool;
    if (!ph__rate_take(&relay->rate, pool->server_rate, pool->now_ms)) {
        ph__pause_relay(relay, ph__rate_next(&relay->rate, pool->server_rate, pool->now_ms));
        return false;
    }
    if (ph__rate_take(&pool->rate, pool->messages_per_second, pool->now_ms))
        return true;
    relay->rate.tokens += 1; /* it was not used */
    pool->is_rate_paused = true;
    ph__timers_set(&pool->timers, &pool->rate_timer,
                   ph__rate_next(&pool->rate, pool->messages_per_second, pool->now_ms));
    return false;
}

/* Whoever asks a connection whether it is still there pays for the message before: or others, whose
 * connections need not be asked, would have it all while the answer is on its way. */
static bool pay_for_probe(struct ph__relay *relay)
{
    if (relay->paid_count > relay->probing_count)
        return true;
    if (!rates_allow(relay))
        return false;
    relay->paid_count++;
    return true;
}

static bool must_probe(const struct ph__relay *relay)
{
    const struct ph__member *member = idle_member(relay);
    return member && ph__member_needs_probe(member) && needs_more(relay);
}

static bool is_paid_for(struct ph__relay *relay)
{
    if (relay->paid_count == 0)
        return rates_allow(relay);
    relay->paid_count--;
    return true;
}

/* @return the relay may have another turn */
static bool give(struct ph__relay *relay, struct ph__member *member, struct ph__job *job)
{
    relay->is_owed_turn = false;
    ph__list_remove(&job->link);
    relay->waiting_count--;
    relay->turns++;
    const int status = ph__member_give(member, job);
    if (status == PH_ERR_NO_MEMORY)
        ph__job_had_no_memory(job);
    else if (status != PH_OK)
        ph__schedule_job(job, true);
    let_others_go(relay);
    return status == PH_OK || status == PH_ERR_NO_MEMORY;
}

/* @return the relay may have another turn */
static bool probe(struct ph__relay *relay)
{
    if (!pay_for_probe(relay))
        return !relay->is_paused && relay->paid_count == 0;
    ph__member_probe(idle_member(relay));
    return true;
}

/* @return the relay may have another turn */
static bool take_turn(struct ph__relay *relay)
{
    struct ph__job *job = next_job(relay);
    ph__list_remove(&relay->ready);
    relay->is_owed_turn = job != NULL;
    if (!job)
        return false;
    if (must_probe(relay))
        return probe(relay);
    struct ph__member *member = pick_member(relay);
    if (!member)
        return !relay->is_paused && may_open(relay);
    if (!is_paid_for(relay))
        return !relay->is_paused;
    return give(relay, member, job);
}

/* @return the relay whose turn it is: while there is a place, the one that has waited longest for
 * one; NULL: nobody's, or nobody's yet, as the rate of all has it */
static struct ph__relay *next_relay(const ph_pool *pool)
{
    struct ph__link *hungry = ph__list_first(&pool->hungry);
    struct ph__link *first = ph__list_first(&pool->ready);
    struct ph__relay *relay = first ? PH__HOLDER(first, struct ph__relay, ready) : NULL;
    if (pool->is_freed || pool->is_aborted)
        return NULL;
    if (pool->is_rate_paused)
        return relay && relay->paid_count > 0 ? relay : NULL;
    return hungry && has_place(pool) ? PH__HOLDER(hungry, struct ph__relay, hungry) : relay;
}

bool ph__turns_are_due(const ph_pool *pool)
{
    return next_relay(pool) != NULL;
}

void ph__schedule(ph_pool *pool)
{
    struct ph__relay *relay;
    while ((relay = next_relay(pool)) != NULL) {
        ph__list_remove(&relay->ready);
        if (has_place(pool))
            ph__stop_waiting_for_place(relay);
        if (!ph__relay_must_wait(relay) && take_turn(relay))
            stand_in_line(relay, pool->is_rate_paused);
        else
            ph__list_remove(&relay->ready); /* until something changes */
    }
}
