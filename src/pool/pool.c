/* SPDX-License-Identifier: MIT */
/* The life of a pool, its limits, its messages, and what it counts. */
#include <string.h>

#include "base/allocator.h"
#include "connection/message.h"
#include "connection/server.h"
#include "pool/pool_state.h"

/* ---- Making and freeing ---------------------------------------------------------------------- */

static void rate_due(struct ph__timer *timer)
{
    PH__HOLDER(timer, ph_pool, rate_timer)->is_rate_paused = false;
}

static void set_defaults(ph_pool *pool)
{
    pool->connections_max = 100;
    pool->connections_per_server = 4;
    pool->messages_max = 10000;
    pool->idle_timeout_ms = 10000;
    pool->probe_after_ms = 2000;
    pool->retry = (ph_retry){.attempts = 3, .first_delay_ms = 1000, .delay_max_ms = 60000};
}

int ph_pool_new(const ph_allocator *allocator, ph_pool **out)
{
    const ph_allocator *memory = ph__allocator_or_default(allocator);
    *out = NULL;
    ph_pool *pool = ph__allocate(memory, sizeof *pool);
    if (!pool)
        return PH_ERR_NO_MEMORY;
    pool->own_allocator = *memory;
    pool->allocator = &pool->own_allocator;
    pool->now_ms = ph_now_ms();
    pool->random = (uint32_t)pool->now_ms;
    pool->rate_timer.due = rate_due;
    set_defaults(pool);
    struct ph__list *const lists[] = {&pool->jobs,   &pool->members, &pool->ready,
                                      &pool->hungry, &pool->idle,    &pool->kicked};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        ph__list_init(lists[i]);
    ph__timers_init(&pool->timers, pool->allocator);
    int status = ph__poller_new(pool->allocator, &pool->poller);
    if (status == PH_OK)
        status = ph__pool_reserve_timers(pool);
    if (status != PH_OK) {
        ph_pool_free(pool);
        return status;
    }
    *out = pool;
    return PH_OK;
}

static void forget_everything(ph_pool *pool)
{
    struct ph__link *link;
    while ((link = ph__list_first(&pool->jobs)) != NULL)
        ph__job_tell(PH__HOLDER(link, struct ph__job, of_pool), PH_ERR_CANCELLED,
                     PH_OUTCOME_NOT_SENT, NULL, NULL);
    while ((link = ph__list_first(&pool->members)) != NULL)
        ph__member_free(PH__HOLDER(link, struct ph__member, of_pool));
    for (size_t i = 0; i < pool->relays_size; i++) {
        while (pool->relays[i])
            ph__relay_free(pool->relays[i]);
    }
}

static void release(ph_pool *pool)
{
    const ph_allocator allocator = pool->own_allocator;
    forget_everything(pool);
    ph__release(&allocator, pool->relays);
    ph__release(&allocator, pool->domains);
    ph__poller_free(pool->poller);
    ph__timers_release(&pool->timers);
    ph__release(&allocator, pool);
}

/* The messages are the program's again, which may free them before the pool is out of use. */
static void let_messages_go(ph_pool *pool)
{
    for (struct ph__link *link = pool->jobs.ends.next; link != &pool->jobs.ends;
         link = link->next) {
        struct ph__job *job = PH__HOLDER(link, struct ph__job, of_pool);
        job->message->in_pool = NULL;
        job->message = NULL;
    }
}

void ph_pool_free(ph_pool *pool)
{
    if (!pool)
        return;
    pool->is_freed = true; /* nobody is told anything any more */
    let_messages_go(pool);
    if (pool->depth == 0)
        release(pool);
}

void ph__pool_enter(ph_pool *pool)
{
    pool->depth++;
}

bool ph__pool_leave(ph_pool *pool)
{
    if (--pool->depth > 0 || !pool->is_freed)
        return true;
    release(pool);
    return false;
}

int ph__pool_reserve_timers(ph_pool *pool)
{
    return ph__timers_reserve(&pool->timers,
                              pool->job_count + pool->relay_count + pool->member_count + 4);
}

/* ---- Limits ---------------------------------------------------------------------------------- */

static size_t at_least_one(size_t n)
{
    return n > 0 ? n : 1;
}

void ph_pool_set_connections_max(ph_pool *pool, size_t n)
{
    pool->connections_max = at_least_one(n);
    ph__relays_go_on(pool);
}

void ph_pool_set_connections_per_server(ph_pool *pool, size_t n)
{
    pool->connections_per_server = at_least_one(n);
    ph__relays_go_on(pool);
}

void ph_pool_set_messages_per_domain(ph_pool *pool, size_t n)
{
    pool->messages_per_domain = n;
    ph__domains_go_on(pool);
}

void ph_pool_set_messages_per_connection(ph_pool *pool, size_t n)
{
    pool->messages_per_connection = n;
}

void ph_pool_set_messages_max(ph_pool *pool, size_t n)
{
    pool->messages_max = at_least_one(n);
}

void ph_pool_set_rate(ph_pool *pool, double messages_per_second)
{
    pool->messages_per_second = messages_per_second;
    pool->is_rate_paused = false;
    ph__timers_unset(&pool->timers, &pool->rate_timer);
}

void ph_pool_set_server_rate(ph_pool *pool, double messages_per_second)
{
    pool->server_rate = messages_per_second;
    ph__relays_go_on(pool);
}

void ph_pool_set_idle_timeout(ph_pool *pool, uint32_t timeout_ms)
{
    pool->idle_timeout_ms = timeout_ms;
    ph__members_heed_idle_timeout(pool);
}

void ph_pool_set_probe_after(ph_pool *pool, uint32_t idle_ms)
{
    pool->probe_after_ms = idle_ms;
}

int ph_pool_set_retry(ph_pool *pool, const ph_retry *retry)
{
    if (retry->attempts == 0)
        return PH_ERR_ARGUMENT;
    pool->retry = *retry;
    return PH_OK;
}

void ph_pool_set_room(ph_pool *pool, ph_room_fn room, void *user_data)
{
    pool->room = room;
    pool->room_data = user_data;
}

/* ---- Messages -------------------------------------------------------------------------------- */

static void job_due(struct ph__timer *timer)
{
    struct ph__job *job = PH__HOLDER(timer, struct ph__job, timer);
    job->relay->pool->statistics.deferred--;
    ph__schedule_job(job, false);
}

static uint8_t rank_of(ph_priority priority)
{
    return priority == PH_PRIORITY_HIGH ? 0 : priority == PH_PRIORITY_NORMAL ? 1 : 2;
}

static struct ph__job *new_job(struct ph__relay *relay, ph_message *message,
                               const ph_pool_options *options)
{
    ph_pool *pool = relay->pool;
    struct ph__job *job = ph__allocate(pool->allocator, sizeof *job);
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
    if (ph__domain_take(job, options->domain) == PH_OK && ph__pool_reserve_timers(pool) == PH_OK)
        return job;
    ph__domain_let_go(job);
    relay->job_count--;
    pool->job_count--;
    ph__release(pool->allocator, job);
    return NULL;
}

int ph_pool_add(ph_pool *pool, ph_server *server, ph_message *message,
                const ph_pool_options *options)
{
    static const ph_pool_options none = {.done = NULL};
    options = options ? options : &none;
    if (options->priority < PH_PRIORITY_NORMAL || options->priority > PH_PRIORITY_LOW ||
        server->is_of_client)
        return PH_ERR_ARGUMENT;
    if (pool->is_closing || pool->is_freed || message->in_pool)
        return PH_ERR_STATE;
    if (pool->job_count >= pool->messages_max) {
        pool->was_full = true;
        return PH_ERR_FULL;
    }
    struct ph__relay *relay = ph__relay_of(pool, server);
    struct ph__job *job = relay ? new_job(relay, message, options) : NULL;
    if (!job) {
        if (relay)
            ph__relay_let_go(relay);
        return PH_ERR_NO_MEMORY;
    }
    message->in_pool = job;
    ph__list_append(&pool->jobs, &job->of_pool);
    pool->statistics.added++;
    ph__schedule_job(job, false);
    return PH_OK;
}

int ph_pool_cancel(ph_pool *pool, ph_message *message)
{
    struct ph__job *job = message->in_pool;
    if (!job || job->relay->pool != pool)
        return PH_ERR_STATE;
    if (job->state != PH__JOB_SENDING) {
        ph__job_cancel(job);
        return PH_OK;
    }
    struct ph__member *member = job->member;
    const int status = member ? ph_connection_cancel(member->connection, message) : PH_ERR_STATE;
    job->is_cancelled |= status == PH_OK;
    if (status == PH_OK && !ph__link_is_in_list(&member->kicked))
        ph__list_append(&pool->kicked, &member->kicked);
    return status;
}

size_t ph_pool_room(const ph_pool *pool)
{
    if (pool->is_closing || pool->job_count >= pool->messages_max)
        return 0;
    return pool->messages_max - pool->job_count;
}

size_t ph_pool_unfinished(const ph_pool *pool)
{
    return pool->job_count;
}

/* ---- Statistics ------------------------------------------------------------------------------ */

void ph_pool_get_statistics(const ph_pool *pool, ph_pool_statistics *statistics, size_t size)
{
    ph_pool_statistics now = pool->statistics;
    size_t idle = 0;
    for (const struct ph__link *link = ph__list_first(&pool->idle);
         link && link != &pool->idle.ends; link = link->next)
        idle++;
    size_t in_flight = 0;
    for (const struct ph__link *link = ph__list_first(&pool->members);
         link && link != &pool->members.ends; link = link->next)
        in_flight += PH__HOLDER(link, const struct ph__member, of_pool)->in_flight;
    now.in_flight = in_flight;
    now.waiting = pool->job_count - in_flight - now.deferred;
    now.connections_open = pool->member_count;
    now.connections_idle = idle;
    memset(statistics, 0, size);
    memcpy(statistics, &now, size < sizeof now ? size : sizeof now);
}

uint64_t ph_pool_latency_ms(const ph_pool *pool, double fraction)
{
    return ph__histogram_quantile(&pool->latencies, fraction);
}
