/* SPDX-License-Identifier: MIT */
/* What follows from how an attempt ended: another one, or the end. */
#include "base/allocator.h"
#include "connection/message.h"
#include "pool/pool_state.h"

/* ---- Retries --------------------------------------------------------------------------------- */

/* Doubled with each attempt, and spread by a quarter, so that what failed together does not come
 * back together. */
static uint64_t retry_delay(ph_pool *pool, uint32_t attempt)
{
    uint64_t delay = pool->retry.first_delay_ms;
    for (uint32_t i = 1; i < attempt && delay < pool->retry.delay_max_ms; i++)
        delay *= 2;
    if (delay > pool->retry.delay_max_ms)
        delay = pool->retry.delay_max_ms;
    pool->random = pool->random * 1664525u + 1013904223u;
    return delay + (delay / 4) * (pool->random >> 16) / 65536;
}

/* The connection was lost, and with it whatever was on it. */
static bool is_loss(int status)
{
    return status == PH_ERR_IO || status == PH_ERR_CLOSED || status == PH_ERR_READ_TIMEOUT ||
           status == PH_ERR_WRITE_TIMEOUT || status == PH_ERR_TLS || status == PH_ERR_PROTOCOL ||
           status == PH_ERR_BROKEN;
}

/* @return its content can be read from its start again, and the program's function that was asked
 * for it has not ended everything meanwhile */
static bool can_begin_anew(const struct ph__job *job)
{
    const ph_pool *pool = job->relay->pool;
    return !pool->is_aborted && ph__source_rewind(&job->message->source) && !pool->is_aborted &&
           !pool->is_freed;
}

static bool may_be_sent_again(const struct ph__job *job, int status, ph_outcome outcome)
{
    const ph_pool *pool = job->relay->pool;
    if (pool->is_freed || job->attempts >= pool->retry.attempts)
        return false;
    if (outcome == PH_OUTCOME_UNKNOWN && !pool->retry.unknown_too)
        return false;
    /* What is unknown was sent well; what ended its session may have been another's matter. */
    if (outcome == PH_OUTCOME_NOT_SENT && !ph_status_may_pass(status))
        return false;
    return can_begin_anew(job);
}

static void defer(struct ph__job *job)
{
    ph_pool *pool = job->relay->pool;
    job->state = PH__JOB_DEFERRED;
    job->member = NULL;
    pool->statistics.deferred++;
    ph__timers_set(&pool->timers, &job->timer, pool->now_ms + retry_delay(pool, job->attempts));
}

/* @return the message was not refused: 421 is the server's last word, on the session and to
 * whatever command (RFC 5321 section 3.8) */
static bool is_of_session(const ph_error *error)
{
    return error->reply_code == 0 || error->reply_code == 421;
}

/* The session was used before, and ended before anything was said to this message. */
static bool came_too_late(const struct ph__member *member, const ph_error *error)
{
    return member->ended_count > 1 && (error->reply_code == 421 || is_loss(error->status)) &&
           (error->phase == PH_PHASE_MAIL || error->phase == PH_PHASE_NONE);
}

/* It ended with its session for no reason of its own: another was cancelled, or its content failed,
 * or was under way when the connection was lost; or the server had enough of the session. */
static bool had_no_attempt(const struct ph__job *job, const ph_error *error, ph_outcome outcome)
{
    const struct ph__member *member = job->member;
    if (outcome != PH_OUTCOME_NOT_SENT || job->is_cancelled)
        return false;
    const bool is_others = error->status == PH_ERR_CANCELLED ||
                           (member->is_over && is_of_session(error)) ||
                           came_too_late(member, error);
    return is_others && job->free_returns < ph__free_returns_max && can_begin_anew(job);
}

static void give_back(struct ph__job *job)
{
    if (job->attempts > 1)
        job->relay->pool->statistics.retries--;
    job->free_returns++;
    job->attempts--;
    job->member = NULL;
    ph__schedule_job(job, true);
}

/* @return whatever comes behind this one on its connection fails for that alone */
static bool ends_session(const struct ph__member *member, const ph_error *error)
{
    return error->reply_code == 421 || !ph_connection_is_connected(member->connection);
}

void ph__job_ended(struct ph__job *job, int status, const ph_result *result)
{
    ph_pool *pool = job->relay->pool;
    struct ph__member *member = job->member;
    const ph_outcome outcome = ph_result_outcome(result);
    const ph_error *error = ph_result_error(result);
    pool->statistics.bytes += ph_result_bytes(result);
    const bool is_returned = status != PH_OK && had_no_attempt(job, error, outcome);
    member->is_over |= status != PH_OK && ends_session(member, error);
    if (is_returned)
        give_back(job);
    else if (status != PH_OK && may_be_sent_again(job, status, outcome))
        defer(job);
    else
        ph__job_tell(job, status, outcome, result, error);
}

static ph_error no_memory(void)
{
    return (ph_error){.status = PH_ERR_NO_MEMORY, .message = ph_status_text(PH_ERR_NO_MEMORY)};
}

void ph__job_had_no_memory(struct ph__job *job)
{
    const ph_error error = no_memory();
    job->state = PH__JOB_SENDING; /* in no queue, and not to be taken back by its own rewind */
    job->attempts++;
    ph__domain_begun(job);
    ph__domain_ended(job);
    if (may_be_sent_again(job, error.status, PH_OUTCOME_NOT_SENT))
        defer(job);
    else
        ph__job_tell(job, error.status, PH_OUTCOME_NOT_SENT, NULL, &error);
}

/* ---- Telling --------------------------------------------------------------------------------- */

static bool is_refusal(int status)
{
    return status == PH_ERR_SERVER_BUSY || status == PH_ERR_FATAL || status == PH_ERR_SYNTAX ||
           status == PH_ERR_AUTHENTICATION || status == PH_ERR_UNKNOWN;
}

static void count(ph_pool *pool, int status, ph_outcome outcome)
{
    ph_pool_statistics *statistics = &pool->statistics;
    if (status == PH_OK)
        statistics->sent++;
    else if (outcome == PH_OUTCOME_UNKNOWN)
        statistics->unknown++;
    else if (status == PH_ERR_CANCELLED)
        statistics->cancelled++;
    else if (is_refusal(status))
        statistics->refused++;
    else
        statistics->failed++;
}

static void tell_of_room(ph_pool *pool)
{
    if (!pool->was_full || pool->job_count > pool->messages_max / 2 || pool->is_freed)
        return;
    pool->was_full = false;
    if (pool->room && !pool->is_closing)
        pool->room(pool, pool->room_data);
}

static const char *notice_of(const struct ph__job *job)
{
    return job->member ? ph_connection_notice(job->member->connection) : NULL;
}

void ph__job_tell(struct ph__job *job, int status, ph_outcome outcome, const ph_result *result,
                  const ph_error *error)
{
    struct ph__relay *relay = job->relay;
    ph_pool *pool = relay->pool;
    const uint64_t now = pool->now_ms > job->added_ms ? pool->now_ms : job->added_ms;
    const ph_delivery delivery = {.message = job->message,
                                  .server = relay->server,
                                  .status = status,
                                  .outcome = outcome,
                                  .result = result,
                                  .error = error,
                                  .attempts = job->attempts,
                                  .elapsed_ms = now - job->added_ms,
                                  .notice = notice_of(job)};
    const ph_delivery_fn done = job->done;
    void *user_data = job->user_data;
    count(pool, status, outcome);
    if (status == PH_OK)
        ph__histogram_add(&pool->latencies, delivery.elapsed_ms);
    relay->job_count++; /* the server must stay, whatever the program's functions do */
    ph__job_forget(job);
    if (done && !pool->is_freed)
        done(pool, &delivery, user_data);
    tell_of_room(pool);
    relay->job_count--;
}

void ph__job_cancel(struct ph__job *job)
{
    struct ph__relay *relay = job->relay;
    ph_pool *pool = relay->pool;
    ph__pool_enter(pool);
    ph__job_tell(job, PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT, NULL, NULL);
    if (!pool->is_freed)
        ph__relay_let_go(relay);
    (void)ph__pool_leave(pool);
}

/* ---- Servers --------------------------------------------------------------------------------- */

/* Nobody could be had there: what waits now fails, what is added meanwhile, and stands behind it,
 * does not. */
static void fail_waiting(struct ph__relay *relay, const ph_error *error)
{
    const uint64_t before = relay->pool->statistics.added;
    for (size_t i = 0; i < ph__priorities; i++) {
        struct ph__job *job;
        while ((job = ph__first_waiting(relay, i)) != NULL && job->number < before)
            ph__job_tell(job, error->status, PH_OUTCOME_NOT_SENT, NULL, error);
    }
}

void ph__relay_failed(struct ph__relay *relay, const ph_error *error)
{
    ph_pool *pool = relay->pool;
    const bool has_others = relay->member_count > relay->opening_count;
    /* What was begun with it fares the same, or better: the last one decides, and none is begun
     * in its place, or there would never be a last one. */
    const bool is_last = relay->opening_count <= 1;
    relay->failed_openings += is_last;
    relay->paid_count = 0;
    const uint64_t delay = retry_delay(pool, relay->failed_openings);
    const uint64_t until = pool->now_ms + (delay > 0 ? delay : 1);
    relay->opens_after_ms = until;
    if (!is_last || has_others)
        return; /* those go on */
    if (!ph_status_may_pass(error->status) || relay->failed_openings >= pool->retry.attempts) {
        fail_waiting(relay, error);
        relay->failed_openings = 0;
    }
    ph__pause_relay(relay, until);
}

void ph__relay_had_no_memory(struct ph__relay *relay)
{
    const ph_error error = no_memory();
    relay->pool->statistics.connections_failed++;
    relay->member_count++; /* as if one had been opening */
    relay->opening_count++;
    ph__relay_failed(relay, &error);
    relay->opening_count--;
    relay->member_count--;
}
