/* SPDX-License-Identifier: MIT */
/* How a pool is driven, and how it comes to its end. */
#include <limits.h>

#include "pool/pool_state.h"

/* ---- Being driven ---------------------------------------------------------------------------- */

/* Comes before everything else: what has been received decides which connections are still there,
 * and which time limits have not passed although the program comes late. */
static void take_ready(ph_pool *pool, int timeout_ms)
{
    const size_t count = ph__poller_wait(pool->poller, timeout_ms);
    if (timeout_ms != 0)
        pool->now_ms = ph_now_ms();
    for (size_t i = 0; i < count && !pool->is_freed; i++) {
        struct pollfd fd;
        struct ph__member *member = ph__poller_take(pool->poller, i, &fd);
        if (member)
            ph__member_process(member, &fd, 1);
    }
}

static void take_due(ph_pool *pool)
{
    struct ph__timer *timer;
    while (!pool->is_freed && (timer = ph__timers_take_due(&pool->timers, pool->now_ms)) != NULL)
        timer->due(timer);
}

/* Behind ph_pool_close, once no message is left: what still sends or is asked leaves by itself. */
static void let_all_go(ph_pool *pool)
{
    if (!pool->is_closing || pool->has_let_go || pool->job_count > 0)
        return;
    pool->has_let_go = true;
    const struct ph__link *end = &pool->members.ends;
    for (struct ph__link *link = pool->members.ends.next; link != end; link = link->next) {
        struct ph__member *member = PH__HOLDER(link, struct ph__member, of_pool);
        if (member->state == PH__MEMBER_OPENING || ph__link_is_in_list(&member->of_idle))
            ph__member_leave(member);
    }
}

/* What can be done without waiting; the rest waits for a descriptor or a time. */
static void take_on(ph_pool *pool)
{
    take_due(pool);
    ph__schedule(pool);
    let_all_go(pool);
    ph__members_take_on(pool);
}

void ph_pool_process(ph_pool *pool, uint64_t now_ms)
{
    if (pool->depth > 0) /* a function of the program's calls, in the midst of it */
        return;
    ph__pool_enter(pool);
    pool->now_ms = now_ms;
    take_ready(pool, 0);
    take_on(pool);
    (void)ph__pool_leave(pool);
}

static bool is_finished(const ph_pool *pool)
{
    return pool->job_count == 0 && (!pool->is_closing || pool->member_count == 0);
}

static int wait_time(const ph_pool *pool, uint64_t end_ms)
{
    const uint64_t next = ph_pool_deadline(pool);
    const uint64_t until = next < end_ms ? next : end_ms;
    if (until == PH_NO_DEADLINE)
        return -1;
    const uint64_t rest = until > pool->now_ms ? until - pool->now_ms : 0;
    return rest > INT_MAX ? INT_MAX : (int)rest;
}

bool ph_pool_run(ph_pool *pool, int timeout_ms)
{
    if (pool->depth > 0)
        return is_finished(pool);
    const uint64_t begun = ph_now_ms();
    const uint64_t end = timeout_ms < 0 ? PH_NO_DEADLINE : begun + (uint64_t)timeout_ms;
    ph__pool_enter(pool);
    pool->now_ms = begun;
    take_ready(pool, 0);
    take_on(pool);
    while (!pool->is_freed && !is_finished(pool)) {
        take_ready(pool, wait_time(pool, end));
        pool->now_ms = ph_now_ms();
        take_on(pool);
        if (pool->now_ms >= end)
            break;
    }
    const bool is_done = pool->is_freed || is_finished(pool);
    return ph__pool_leave(pool) ? is_done : true;
}

int ph_pool_fd(const ph_pool *pool)
{
    return ph__poller_fd(pool->poller);
}

/* What was added, or given back by a function of the program's, wants a turn at once. */
uint64_t ph_pool_deadline(const ph_pool *pool)
{
    const bool has_work = ph__turns_are_due(pool) || ph__list_first(&pool->kicked) ||
                          (pool->is_closing && pool->job_count == 0 && !pool->has_let_go);
    return has_work ? pool->now_ms : ph__timers_next(&pool->timers);
}

void ph_pool_close(ph_pool *pool)
{
    pool->is_closing = true;
}

/* @return the first job that waits and was added before so many others, or NULL */
static struct ph__job *first_waiting(ph_pool *pool, uint64_t before)
{
    const struct ph__link *end = &pool->jobs.ends;
    for (struct ph__link *link = pool->jobs.ends.next; link != end; link = link->next) {
        struct ph__job *job = PH__HOLDER(link, struct ph__job, of_pool);
        if (job->number >= before)
            return NULL;
        if (job->state != PH__JOB_SENDING)
            return job;
    }
    return NULL;
}

void ph_pool_cancel_waiting(ph_pool *pool)
{
    const uint64_t before = pool->statistics.added;
    struct ph__job *job;
    ph__pool_enter(pool);
    /* From the beginning each time, since done may take back or add whatever it likes; those under
     * way, which are passed over, are few. */
    while (!pool->is_freed && (job = first_waiting(pool, before)) != NULL)
        ph__job_cancel(job);
    (void)ph__pool_leave(pool);
}

/* @return the first one that no function further up the stack is busy with, or NULL */
static struct ph__member *first_at_rest(const ph_pool *pool)
{
    const struct ph__link *end = &pool->members.ends;
    for (struct ph__link *link = pool->members.ends.next; link != end; link = link->next) {
        struct ph__member *member = PH__HOLDER(link, struct ph__member, of_pool);
        if (!member->is_busy)
            return member;
        ph_connection_close(member->connection); /* its events come when that function is back */
    }
    return NULL;
}

void ph_pool_abort(ph_pool *pool)
{
    struct ph__member *member;
    ph__pool_enter(pool);
    pool->is_closing = true;
    pool->is_aborted = true;
    ph_pool_cancel_waiting(pool);
    while (!pool->is_freed && (member = first_at_rest(pool)) != NULL) {
        ph_connection_close(member->connection);
        ph__member_take_on(member);
    }
    (void)ph__pool_leave(pool);
}
