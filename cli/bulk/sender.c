/* SPDX-License-Identifier: MIT */
#include "sender.h"

#include <stdlib.h>

#include <posthaste/connection.h>

enum {
    ahead = 2, /* messages a connection that wait beside the one that it sends */
    backoff_ms = 500,
    backoff_max_ms = 60000
};

/* An item on its way. */
struct flight {
    struct item *item;         /* NULL: free */
    ph_connection *connection; /* NULL: it waits for one */
    uint64_t attempts;
    uint64_t due_ms;
};

struct slot {
    ph_connection *connection; /* NULL: none */
    bool is_ready;
    size_t n_fds;
};

struct sender {
    ph_server *server;
    struct sender_options options;
    sender_done_fn done;
    void *user_data;
    struct flight *flights;
    size_t capacity, pending;
    struct slot *slots;
    size_t failures; /* of connections, one after the other */
    uint64_t open_again_ms;
    uint64_t next_ms; /* when the rate allows the next message */
    bool is_stopping;
    struct pollfd *fds;
    char notice[600];
};

/* ---- Making ---------------------------------------------------------------------------------- */

int sender_new(ph_server *server, const struct sender_options *options, sender_done_fn done,
               void *user_data, struct sender **out)
{
    const size_t connections = (size_t)options->connections;
    struct sender *sender = calloc(1, sizeof *sender);
    *out = sender;
    if (!sender)
        return PH_ERR_NO_MEMORY;
    sender->server = server;
    sender->options = *options;
    sender->done = done;
    sender->user_data = user_data;
    sender->capacity = connections * (1 + ahead);
    sender->flights = calloc(sender->capacity, sizeof *sender->flights);
    sender->slots = calloc(connections, sizeof *sender->slots);
    sender->fds = calloc(connections * PH_POLLFDS_MAX + 2, sizeof *sender->fds);
    if (sender->flights && sender->slots && sender->fds)
        return PH_OK;
    sender_free(sender);
    *out = NULL;
    return PH_ERR_NO_MEMORY;
}

void sender_free(struct sender *sender)
{
    if (!sender)
        return;
    for (size_t i = 0; sender->slots && i < sender->options.connections; i++)
        ph_connection_free(sender->slots[i].connection);
    free(sender->flights);
    free(sender->slots);
    free(sender->fds);
    free(sender);
}

size_t sender_room(const struct sender *sender)
{
    return sender->capacity - sender->pending;
}

size_t sender_pending(const struct sender *sender)
{
    return sender->pending;
}

const char *sender_notice(const struct sender *sender)
{
    return sender->notice[0] != '\0' ? sender->notice : NULL;
}

int sender_add(struct sender *sender, struct item *item)
{
    if (sender->pending == sender->capacity)
        return PH_ERR_FULL;
    struct flight *flight = sender->flights;
    while (flight->item)
        flight++;
    const int status = content_give(&item->content, item->message);
    if (status != PH_OK)
        return status;
    *flight = (struct flight){.item = item};
    sender->pending++;
    return PH_OK;
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void end_flight(struct sender *sender, struct flight *flight, const ph_result *result,
                       const ph_error *error)
{
    struct item *item = flight->item;
    *flight = (struct flight){.item = NULL};
    sender->pending--;
    sender->done(item, result, error, sender->user_data);
}

/* Ends all that no connection has. */
static void end_waiting(struct sender *sender, const ph_error *error)
{
    for (size_t i = 0; i < sender->capacity; i++) {
        if (sender->flights[i].item && !sender->flights[i].connection)
            end_flight(sender, &sender->flights[i], NULL, error);
    }
}

static uint64_t backoff(uint64_t attempts)
{
    uint64_t wait = backoff_ms;
    while (attempts-- > 1 && wait < backoff_max_ms)
        wait *= 2;
    return wait < backoff_max_ms ? wait : backoff_max_ms;
}

static bool may_help(const ph_error *error)
{
    if (error->outcome != PH_OUTCOME_NOT_SENT)
        return false;
    switch (error->status) {
    case PH_ERR_SERVER_BUSY:
    case PH_ERR_CLOSED:
    case PH_ERR_IO:
    case PH_ERR_READ_TIMEOUT:
    case PH_ERR_WRITE_TIMEOUT:
    case PH_ERR_OPEN_TIMEOUT:
    case PH_ERR_BROKEN:
        return true;
    default:
        return false;
    }
}

static void message_ended(struct sender *sender, const ph_event *event, uint64_t now_ms)
{
    struct flight *flight = event->user_data;
    const ph_error *error = event->status == PH_OK ? NULL : ph_result_error(event->result);
    content_rewind(&flight->item->content);
    flight->connection = NULL;
    flight->attempts++;
    if (!error || sender->is_stopping || flight->attempts > sender->options.retries ||
        !may_help(error)) {
        end_flight(sender, flight, event->result, error);
        return;
    }
    flight->due_ms = now_ms + backoff(flight->attempts);
}

static void connection_closed(struct sender *sender, struct slot *slot, uint64_t now_ms)
{
    const ph_error *error = ph_connection_error(slot->connection);
    const bool was_ready = slot->is_ready;
    size_t others = 0;
    for (size_t i = 0; i < sender->options.connections; i++)
        others += sender->slots[i].is_ready && &sender->slots[i] != slot;
    if (!was_ready && error) {
        sender->failures++;
        sender->open_again_ms = now_ms + backoff(sender->failures);
        if (others == 0 && (sender->failures > sender->options.retries || !may_help(error)))
            end_waiting(sender, error);
    }
    ph_connection_free(slot->connection);
    *slot = (struct slot){.connection = NULL};
}

static void take_events(struct sender *sender, struct slot *slot, uint64_t now_ms)
{
    ph_event event;
    while (slot->connection && ph_connection_next_event(slot->connection, &event)) {
        switch (event.type) {
        case PH_EVENT_READY:
            slot->is_ready = true;
            sender->failures = 0;
            if (ph_connection_notice(slot->connection))
                (void)snprintf(sender->notice, sizeof sender->notice, "%s",
                               ph_connection_notice(slot->connection));
            break;
        case PH_EVENT_MESSAGE_DONE:
            message_ended(sender, &event, now_ms);
            break;
        case PH_EVENT_COMMAND_DONE:
            break;
        case PH_EVENT_CLOSED:
            connection_closed(sender, slot, now_ms);
            break;
        }
    }
}

/* ---- Beginnings ------------------------------------------------------------------------------ */

/* @return the message that waits longest and is due, or NULL */
static struct flight *next_flight(struct sender *sender, uint64_t now_ms)
{
    for (size_t i = 0; i < sender->capacity; i++) {
        struct flight *flight = &sender->flights[i];
        if (flight->item && !flight->connection && flight->due_ms <= now_ms)
            return flight;
    }
    return NULL;
}

static struct slot *ready_slot(struct sender *sender)
{
    struct slot *best = NULL;
    for (size_t i = 0; i < sender->options.connections; i++) {
        struct slot *slot = &sender->slots[i];
        if (slot->is_ready && ph_connection_room(slot->connection) > 0 &&
            (!best || ph_connection_room(slot->connection) > ph_connection_room(best->connection)))
            best = slot;
    }
    return best;
}

static int open_slots(struct sender *sender, uint64_t now_ms)
{
    size_t waiting = 0;
    size_t opening = 0;
    for (size_t i = 0; i < sender->capacity; i++)
        waiting += sender->flights[i].item && !sender->flights[i].connection &&
                   sender->flights[i].due_ms <= now_ms;
    for (size_t i = 0; i < sender->options.connections && now_ms >= sender->open_again_ms; i++) {
        struct slot *slot = &sender->slots[i];
        opening += slot->connection && !slot->is_ready;
        if (slot->connection || opening >= waiting)
            continue;
        const int status = ph_connection_new(sender->server, now_ms, &slot->connection);
        if (status != PH_OK)
            return status;
        opening++;
    }
    return PH_OK;
}

static int begin_messages(struct sender *sender, uint64_t now_ms)
{
    struct slot *slot;
    struct flight *flight;
    while (now_ms >= sender->next_ms && (flight = next_flight(sender, now_ms)) != NULL &&
           (slot = ready_slot(sender)) != NULL) {
        const int status = ph_connection_send(slot->connection, flight->item->message, flight);
        if (status == PH_ERR_NO_MEMORY)
            return status;
        if (status != PH_OK) { /* it is closing */
            slot->is_ready = false;
            continue;
        }
        flight->connection = slot->connection;
        if (sender->options.per_second > 0)
            sender->next_ms = now_ms + (uint64_t)(1000 / sender->options.per_second);
    }
    return now_ms >= sender->next_ms ? open_slots(sender, now_ms) : PH_OK;
}

/* ---- Waiting --------------------------------------------------------------------------------- */

static void sooner(int *timeout, uint64_t when, uint64_t now_ms)
{
    const uint64_t wait = when <= now_ms ? 0 : when - now_ms;
    if (*timeout < 0 || wait < (uint64_t)*timeout)
        *timeout = wait > 60000 ? 60000 : (int)wait;
}

static int time_limit(struct sender *sender, int timeout, uint64_t now_ms)
{
    for (size_t i = 0; i < sender->options.connections; i++) {
        if (sender->slots[i].connection)
            sooner(&timeout, ph_connection_deadline(sender->slots[i].connection, now_ms), now_ms);
    }
    for (size_t i = 0; i < sender->capacity; i++) {
        const struct flight *flight = &sender->flights[i];
        if (flight->item && !flight->connection && flight->due_ms > now_ms)
            sooner(&timeout, flight->due_ms, now_ms);
    }
    if (sender->pending > 0 && sender->next_ms > now_ms)
        sooner(&timeout, sender->next_ms, now_ms);
    if (sender->pending > 0 && sender->open_again_ms > now_ms)
        sooner(&timeout, sender->open_again_ms, now_ms);
    return timeout;
}

int sender_wait(struct sender *sender, struct pollfd *others, size_t n_others, int timeout_ms)
{
    uint64_t now_ms = ph_now_ms();
    const int status = begin_messages(sender, now_ms);
    size_t n = n_others;
    for (size_t i = 0; i < n_others; i++)
        sender->fds[i] = others[i];
    for (size_t i = 0; i < sender->options.connections; i++) {
        struct slot *slot = &sender->slots[i];
        if (slot->connection)
            take_events(sender, slot, now_ms);
        slot->n_fds =
            slot->connection ? ph_connection_pollfds(slot->connection, sender->fds + n) : 0;
        n += slot->n_fds;
    }
    if (status != PH_OK)
        return status;
    (void)poll(sender->fds, (nfds_t)n, time_limit(sender, timeout_ms, now_ms));
    now_ms = ph_now_ms();
    for (size_t i = 0; i < n_others; i++)
        others[i].revents = sender->fds[i].revents;
    n = n_others;
    for (size_t i = 0; i < sender->options.connections; i++) {
        struct slot *slot = &sender->slots[i];
        if (!slot->connection)
            continue;
        ph_connection_process(slot->connection, sender->fds + n, slot->n_fds, now_ms);
        n += slot->n_fds;
        take_events(sender, slot, now_ms);
    }
    return PH_OK;
}

/* ---- Stopping -------------------------------------------------------------------------------- */

static const ph_error taken_back = {.status = PH_ERR_CANCELLED,
                                    .outcome = PH_OUTCOME_NOT_SENT,
                                    .message = "taken back before it was begun"};

void sender_stop(struct sender *sender)
{
    sender->is_stopping = true;
    end_waiting(sender, &taken_back);
}

void sender_abort(struct sender *sender)
{
    sender_stop(sender);
    for (size_t i = 0; i < sender->options.connections; i++) {
        struct slot *slot = &sender->slots[i];
        if (!slot->connection)
            continue;
        ph_connection_close(slot->connection);
        take_events(sender, slot, ph_now_ms());
    }
}
