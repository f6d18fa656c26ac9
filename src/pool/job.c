/* SPDX-License-Identifier: MIT */
/* A pool's jobs, one for each message that is not done. Those that are done serve again: there are
 * never more than were wanted at once, and a stream of messages allocates none. */
#include "base/allocator.h"
#include "connection/message.h"
#include "pool/pool_state.h"

static void job_due(struct ph__timer *timer)
{
    struct ph__job *job = PH__HOLDER(timer, struct ph__job, timer);
    job->relay->pool->statistics.deferred--;
    job->place = 0; /* behind those that came meanwhile */
    job->is_called = false;
    ph__schedule_job(job, false);
}

static uint8_t rank_of(ph_priority priority)
{
    return priority == PH_PRIORITY_HIGH ? 0 : priority == PH_PRIORITY_NORMAL ? 1 : 2;
}

static struct ph__job *take_unused(ph_pool *pool)
{
    struct ph__link *link = ph__list_first(&pool->unused_jobs);
    if (!link)
        return ph__allocate(pool->allocator, sizeof(struct ph__job));
    ph__list_remove(link);
    return PH__HOLDER(link, struct ph__job, link);
}

/* The one that was used last is used first: it is still in the processor's cache. */
static void put_unused(ph_pool *pool, struct ph__job *job)
{
    ph__list_prepend(&pool->unused_jobs, &job->link);
}

struct ph__job *ph__job_new(struct ph__relay *relay, ph_message *message,
                            const ph_pool_options *options)
{
    ph_pool *pool = relay->pool;
    struct ph__job *job = take_unused(pool);
    if (!job)
        return NULL;
    *job = (struct ph__job){.timer = {.due = job_due},
                            .message = message,
                            .relay = relay,
                            .done = options->done,
                            .user_data = options->user_data,
                            .number = pool->statistics.added,
                            .added_ms = ph_now_ms(),
                            .attempts = options->attempts,
                            .rank = rank_of(options->priority)};
    relay->job_count++;
    pool->job_count++;
    if (ph__domain_take(job, options->domain) == PH_OK && ph__pool_reserve_timers(pool) == PH_OK) {
        message->in_pool = job;
        ph__list_append(&pool->jobs, &job->of_pool);
        return job;
    }
    ph__job_forget(job);
    return NULL;
}

void ph__job_forget(struct ph__job *job)
{
    ph_pool *pool = job->relay->pool;
    if (job->state == PH__JOB_WAITING)
        job->relay->waiting_count -= ph__link_is_in_list(&job->link);
    if (job->state == PH__JOB_DEFERRED)
        pool->statistics.deferred--;
    ph__list_remove(&job->link);
    ph__list_remove(&job->of_pool);
    ph__timers_unset(&pool->timers, &job->timer);
    ph__domain_let_go(job);
    if (job->message)
        job->message->in_pool = NULL;
    job->relay->job_count--;
    pool->job_count--;
    put_unused(pool, job);
}

void ph__jobs_release(ph_pool *pool)
{
    struct ph__link *link;
    while ((link = ph__list_first(&pool->unused_jobs)) != NULL) {
        ph__list_remove(link);
        ph__release(pool->allocator, PH__HOLDER(link, struct ph__job, link));
    }
}
