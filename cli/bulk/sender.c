/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include <stdio.h>
#include <stdlib.h>

#include <posthaste/connection.h>

#include "waiting.h"

enum {
    others_max = 2,
    ahead_in_all = 64, /* messages in memory beside those that connections have */
    ahead_each = 32,   /* and more for each connection, since they take several at once */
    /* With a checkpoint, or a rate: what is begun is unknown after a crash. With a rate that is
     * what leaves in this time, and what keeps connections busy. */
    recorded_in_all = 16,
    recorded_each = 8,
    paced_ahead_ms = 1000,
    paced_ahead_each = 2,
    bytes_max = 64 * 1024 * 1024,
    wait_max_ms = 60000, /* for one poll, which is then done again */
    goodbye_ms = 2000,
    blind_ms = 50 /* how long one is deaf for all else, where no descriptor stands for the pool */
};

struct sender {
    ph_pool *pool;
    ph_server *server;
    sender_done_fn done;
    void *user_data;
    size_t capacity;
    size_t bytes; /* of content in memory */
    bool is_full;
    char notice[600];
};

/* ---- Making ---------------------------------------------------------------------------------- */

static size_t in_flight(const struct sender_options *options)
{
    return options->window > 1 ? (size_t)(options->connections * options->window) : 0;
}

/* @return how many messages may be in the pool at once */
static size_t capacity_of(const struct sender_options *options)
{
    const size_t connections = (size_t)options->connections;
    const bool is_recorded = options->is_recorded;
    const size_t most = (is_recorded ? recorded_in_all : ahead_in_all) +
                        (is_recorded ? recorded_each : ahead_each) * connections +
                        in_flight(options);
    const double soon = options->per_second * paced_ahead_ms / 1000;
    if (options->per_second <= 0 || soon >= (double)most)
        return most;
    const size_t paced = (size_t)soon + paced_ahead_each * connections;
    return paced < most ? paced : most;
}

static int set_up(struct sender *sender, const struct sender_options *options)
{
    const size_t connections = (size_t)options->connections;
    /* The delays are those before a connection more is tried beside others. */
    const ph_retry retry = {
        .attempts = 1, .first_delay_ms = retry_first_ms, .delay_max_ms = retry_most_ms};
    const int status = ph_pool_new(NULL, &sender->pool);
    if (status != PH_OK)
        return status;
    sender->capacity = capacity_of(options);
    ph_pool_set_messages_max(sender->pool, sender->capacity);
    ph_pool_set_connections_max(sender->pool, connections);
    ph_pool_set_connections_per_server(sender->pool, connections);
    ph_pool_set_rate(sender->pool, options->per_second);
    return ph_pool_set_retry(sender->pool, &retry);
}

int sender_new(ph_server *server, const struct sender_options *options, sender_done_fn done,
               void *user_data, struct sender **out)
{
    struct sender *sender = calloc(1, sizeof *sender);
    *out = NULL;
    if (!sender)
        return PH_ERR_NO_MEMORY;
    sender->server = server;
    sender->done = done;
    sender->user_data = user_data;
    const int status = set_up(sender, options);
    if (status != PH_OK) {
        sender_free(sender);
        return status;
    }
    *out = sender;
    return PH_OK;
}

void sender_free(struct sender *sender)
{
    if (!sender)
        return;
    ph_pool_free(sender->pool);
    free(sender);
}

/* ---- Items ----------------------------------------------------------------------------------- */

size_t sender_room(struct sender *sender)
{
    const size_t room = ph_pool_room(sender->pool);
    if (room == 0 || sender->bytes >= bytes_max)
        sender->is_full = true;
    else if (room >= sender->capacity / 2 && sender->bytes < bytes_max / 2)
        sender->is_full = false;
    return sender->is_full ? 0 : room;
}

uint64_t sender_sessions(const struct sender *sender)
{
    ph_pool_statistics now;
    ph_pool_get_statistics(sender->pool, &now, sizeof now);
    return now.connections_opened;
}

size_t sender_pending(const struct sender *sender)
{
    return ph_pool_unfinished(sender->pool);
}

const char *sender_notice(const struct sender *sender)
{
    return sender->notice[0] != '\0' ? sender->notice : NULL;
}

static void take_back(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct item *item = user_data;
    struct sender *sender = item->sender;
    const ph_error taken_back = {.status = (ph_status)delivery->status,
                                 .outcome = delivery->outcome,
                                 .message = "taken back before it was begun"};
    (void)pool;
    sender->bytes -= item->content.memory.length;
    item->attempts = delivery->attempts;
    if (delivery->notice)
        (void)snprintf(sender->notice, sizeof sender->notice, "%s", delivery->notice);
    const ph_error *error = delivery->error ? delivery->error : &taken_back;
    sender->done(item, delivery->result, delivery->status == PH_OK ? NULL : error,
                 sender->user_data);
}

int sender_add(struct sender *sender, struct item *item)
{
    const ph_pool_options options = {
        .done = take_back, .user_data = item, .attempts = item->attempts};
    int status = content_give(&item->content, item->message);
    if (status == PH_OK)
        status = ph_pool_add(sender->pool, sender->server, item->message, &options);
    if (status != PH_OK)
        return status;
    item->sender = sender;
    sender->bytes += item->content.memory.length;
    return PH_OK;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

/* @return the caller's time limit, or less if the pool wants to be called before */
static int time_limit(const struct sender *sender, int timeout_ms)
{
    const uint64_t deadline = ph_pool_deadline(sender->pool);
    const uint64_t now_ms = ph_now_ms();
    if (deadline == PH_NO_DEADLINE)
        return timeout_ms;
    const uint64_t wait = deadline > now_ms ? deadline - now_ms : 0;
    const uint64_t limit = timeout_ms < 0 ? wait_max_ms : (uint64_t)timeout_ms;
    return (int)(wait < limit ? wait : limit);
}

static void wait_blindly(struct sender *sender, struct pollfd *others, nfds_t n_others,
                         int timeout_ms)
{
    const int limit = timeout_ms < 0 || timeout_ms > blind_ms ? blind_ms : timeout_ms;
    const bool is_idle = ph_pool_run(sender->pool, limit);
    (void)poll(others, n_others, is_idle ? limit : 0);
}

void sender_wait(struct sender *sender, struct pollfd *others, nfds_t n_others, int timeout_ms)
{
    struct pollfd fds[others_max + 1];
    const int fd = ph_pool_fd(sender->pool);
    if (fd < 0) {
        wait_blindly(sender, others, n_others, timeout_ms);
        return;
    }
    fds[n_others] = (struct pollfd){.fd = fd, .events = POLLIN};
    for (nfds_t i = 0; i < n_others; i++)
        fds[i] = others[i];
    (void)poll(fds, n_others + 1, time_limit(sender, timeout_ms));
    for (nfds_t i = 0; i < n_others; i++)
        others[i].revents = fds[i].revents;
    ph_pool_process(sender->pool, ph_now_ms());
}

/* ---- Stopping -------------------------------------------------------------------------------- */

void sender_stop(struct sender *sender)
{
    ph_pool_cancel_waiting(sender->pool);
}

void sender_abort(struct sender *sender)
{
    ph_pool_abort(sender->pool);
}

void sender_quit(struct sender *sender)
{
    ph_pool_close(sender->pool);
    (void)ph_pool_run(sender->pool, goodbye_ms);
}
