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

static void stand_in_line(struct ph__relay *relay, bool goes_first)
{
    if (relay->waiting_count == 0 || relay->is_paused || ph__link_is_in_list(&relay->ready))
        return;
    if (goes_first)
        ph__list_prepend(&relay->pool->ready, &relay->ready);
    else
        ph__list_append(&relay->pool->ready, &relay->ready);
}

void ph__schedule_relay(struct ph__relay *relay)
{
    stand_in_line(relay, relay->is_owed_turn);
}

void ph__schedule_job(struct ph__job *job, bool goes_first)
{
    struct ph__relay *relay = job->relay;
    struct ph__list *queue = &relay->waiting[job->rank];
    job->state = PH__JOB_WAITING;
    if (goes_first)
        ph__list_prepend(queue, &job->link);
    else
        ph__list_append(queue, &job->link);
    relay->waiting_count++;
    ph__schedule_relay(relay);
}

void ph__pause_relay(struct ph__relay *relay, uint64_t until_ms)
{
    relay->is_paused = true;
    ph__list_remove(&relay->ready);
    ph__timers_set(&relay->pool->timers, &relay->timer, until_ms);
}

static struct ph__job *first_of(const struct ph__relay *relay, size_t rank)
{
    struct ph__link *link = ph__list_first(&relay->waiting[rank]);
    return link ? PH__HOLDER(link, struct ph__job, link) : NULL;
}

/* @return the priority whose turn it is; something waits. The lower ones share what is theirs, or
 * the lowest would have it all, and the one between them nothing. */
static size_t rank_of_turn(const struct ph__relay *relay)
{
    const bool is_last_turn = relay->turns % turns_per_round == turns_per_round - 1;
    const bool goes_to_lowest = relay->turns / turns_per_round % 2 == 1;
    size_t highest = 0;
    while (!first_of(relay, highest))
        highest++;
    size_t lower = highest;
    for (size_t rank = highest + 1; is_last_turn && rank < ph__priorities; rank++) {
        if (first_of(relay, rank) && (lower == highest || goes_to_lowest))
            lower = rank;
    }
    return lower;
}

/* @return the message whose turn it is, still in its queue; NULL: none may go now */
static struct ph__job *next_job(struct ph__relay *relay)
{
    while (relay->waiting_count > 0) {
        struct ph__job *job = first_of(relay, rank_of_turn(relay));
        ph__list_remove(&job->link);
        relay->waiting_count--;
        if (ph__domain_admits(job)) {
            ph__schedule_job(job, true);
            return job;
        }
    }
    return NULL;
}

/* ---- Connections ----------------------------------------------------------------------------- */

/* All places are taken: one that idles for another server is given up, and as long as there is none
 * the relay waits in line. */
static void wait_for_place(struct ph__relay *relay)
{
    ph_pool *pool = relay->pool;
    struct ph__link *idle = ph__list_first(&pool->idle);
    if (relay->member_count == 0 && !ph__link_is_in_list(&relay->hungry))
        ph__list_append(&pool->hungry, &relay->hungry);
    if (idle)
        ph__member_leave(PH__HOLDER(idle, struct ph__member, of_idle));
}

static bool may_open(struct ph__relay *relay)
{
    const ph_pool *pool = relay->pool;
    if (relay->waiting_count <= relay->opening_count ||
        relay->member_count >= pool->connections_per_server || relay->opens_after_ms > pool->now_ms)
        return false;
    if (relay->failed_openings > 0 && relay->opening_count > 0)
        return false; /* one at a time finds out whether it answers again */
    if (pool->member_count < pool->connections_max)
        return true;
    wait_for_place(relay);
    return false;
}

static struct ph__member *idle_member(struct ph__relay *relay)
{
    struct ph__link *link;
    while ((link = ph__list_first(&relay->idle)) != NULL) {
        struct ph__member *member = PH__HOLDER(link, struct ph__member, of_relay);
        if (!ph__member_probe(member))
            return member;
    }
    return NULL;
}

static struct ph__member *pick_member(struct ph__relay *relay)
{
    struct ph__member *member = idle_member(relay);
    if (member)
        return member;
    if (may_open(relay) && ph__member_open(relay) != PH_OK)
        ph__pause_relay(relay, relay->pool->now_ms + relay->pool->retry.first_delay_ms);
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

/* @return the relay may have another turn */
static bool take_turn(struct ph__relay *relay)
{
    struct ph__job *job = next_job(relay);
    struct ph__member *member = job ? pick_member(relay) : NULL;
    ph__list_remove(&relay->ready);
    relay->is_owed_turn = job != NULL;
    if (!member)
        return job && !relay->is_paused && may_open(relay);
    if (!rates_allow(relay))
        return !relay->is_paused;
    relay->is_owed_turn = false;
    ph__list_remove(&job->link);
    relay->waiting_count--;
    relay->turns++;
    if (ph__member_give(member, job))
        return true;
    ph__schedule_job(job, true);
    return false;
}

void ph__schedule(ph_pool *pool)
{
    struct ph__link *first;
    while (!pool->is_rate_paused && !pool->is_freed &&
           (first = ph__list_first(&pool->ready)) != NULL) {
        struct ph__relay *relay = PH__HOLDER(first, struct ph__relay, ready);
        ph__list_remove(first);
        if (take_turn(relay))
            stand_in_line(relay, pool->is_rate_paused);
        else
            ph__list_remove(&relay->ready); /* until something changes */
    }
}
