/* SPDX-License-Identifier: MIT */
/*
 * Objects belong to one thread at a time, and may go from thread to thread. The library has none of
 * its own, and nothing of an object stays behind in the thread that had it: whatever it calls, it
 * calls on the thread that uses the object.
 */
#include "unit/base/test.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <posthaste/posthaste.h>

#include <posthaste/adapters/poll.h>

#include "threads/peer.h"

enum {
    messages = 3
};

/* What wanders, and how often a function was called on a thread that does not have it. */
struct wanderer {
    pthread_t owner;
    size_t strangers;
    size_t calls;
    struct peer peers[2];
    ph_allocator allocator;
    ph_server *server;
    ph_connection *connection;
    ph_pool *pool;
    ph_smtp *smtp;
    ph_result *result;
    ph_message *messages[messages];
    size_t done;
    bool is_over;
};

static void note_call(struct wanderer *wanderer)
{
    wanderer->calls++;
    wanderer->strangers += !pthread_equal(wanderer->owner, pthread_self());
}

/* ---- Functions that the library calls -------------------------------------------------------- */

static void *allocate(size_t size, void *user_data)
{
    note_call(user_data);
    return malloc(size);
}

static void *reallocate(void *block, size_t size, void *user_data)
{
    note_call(user_data);
    return realloc(block, size);
}

static void release(void *block, void *user_data)
{
    note_call(user_data);
    free(block);
}

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct wanderer *wanderer = user_data;
    struct peer *peer = &wanderer->peers[wanderer->peers[0].dialed < 0];
    note_call(wanderer);
    return peer_dial(address, port, timeout_ms, fd, peer);
}

static void trace(ph_trace_kind kind, const char *line, void *user_data)
{
    (void)kind;
    (void)line;
    note_call(user_data);
}

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct wanderer *wanderer = user_data;
    (void)connection;
    note_call(wanderer);
    MUST(event->status == PH_OK);
    wanderer->done += event->type == PH_EVENT_MESSAGE_DONE;
    wanderer->is_over = event->type == PH_EVENT_CLOSED;
}

static void note_delivery(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct wanderer *wanderer = user_data;
    (void)pool;
    note_call(wanderer);
    MUST(delivery->status == PH_OK);
    wanderer->done++;
}

/* ---- Going from thread to thread ------------------------------------------------------------- */

typedef void step_fn(struct wanderer *wanderer);

struct errand {
    step_fn *step;
    struct wanderer *wanderer;
};

static void *run(void *argument)
{
    const struct errand *errand = argument;
    errand->wanderer->owner = pthread_self();
    errand->step(errand->wanderer);
    return NULL;
}

/* Each step on a thread of its own, one after the other. */
static void wander(step_fn *const *steps)
{
    struct wanderer wanderer = {.allocator = {allocate, reallocate, release, &wanderer}};
    for (; *steps; steps++) {
        pthread_t thread;
        struct errand errand = {*steps, &wanderer};
        assert_int_equal(pthread_create(&thread, NULL, run, &errand), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_true(wanderer.calls > 0);
    assert_int_equal(wanderer.strangers, 0);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static void start_peers(struct wanderer *w)
{
    for (size_t i = 0; i < ROWS(w->peers); i++)
        peer_start(&w->peers[i], NULL);
}

static void stop_peers(struct wanderer *w)
{
    for (size_t i = 0; i < ROWS(w->peers); i++)
        w->done -= peer_stop(&w->peers[i]);
    MUST(w->done == 0);
}

static void make_messages(struct wanderer *w)
{
    for (size_t i = 0; i < messages; i++) {
        MUST(ph_message_new(&w->allocator, &w->messages[i]) == PH_OK);
        MUST(ph_message_set_from(w->messages[i], "a@example.org") == PH_OK);
        MUST(ph_message_add_recipient(w->messages[i], "b@example.org") == PH_OK);
        MUST(ph_message_set_content(w->messages[i], "hello\n", 6) == PH_OK);
    }
}

static void free_messages(struct wanderer *w)
{
    for (size_t i = 0; i < messages; i++)
        ph_message_free(w->messages[i]);
}

static void make_server(struct wanderer *w)
{
    MUST(ph_server_new("mx.example.net", 25, &w->allocator, &w->server) == PH_OK);
    MUST(ph_server_set_dial(w->server, dial, w) == PH_OK);
    MUST(ph_server_set_trace(w->server, trace, w) == PH_OK);
    MUST(ph_server_set_login(w->server, "user", "secret", "CRAM-MD5") == PH_OK);
    MUST(ph_server_set_allow_plaintext_auth(w->server, true) == PH_OK);
}

/* The server's last user is what was made with it. */
static void give_up_server(struct wanderer *w)
{
    ph_server_free(w->server);
}

static void poll_until(struct wanderer *w, const size_t *count, size_t wanted)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    size_t n;
    while (*count < wanted && !w->is_over)
        ph_poll_once(&w->connection, 1, fds, &n);
}

static void open_connection(struct wanderer *w)
{
    MUST(ph_connection_new(w->server, ph_now_ms(), &w->connection) == PH_OK);
    ph_connection_set_handler(w->connection, handle, w);
    MUST(ph_connection_send(w->connection, w->messages[0], NULL) == PH_OK);
}

static void finish_first_message(struct wanderer *w)
{
    poll_until(w, &w->done, 1);
    for (size_t i = 1; i < messages; i++)
        MUST(ph_connection_send(w->connection, w->messages[i], NULL) == PH_OK);
}

static void finish_connection(struct wanderer *w)
{
    poll_until(w, &w->done, messages);
    MUST(ph_connection_quit(w->connection) == PH_OK);
    poll_until(w, &w->done, SIZE_MAX);
}

static void free_connection(struct wanderer *w)
{
    ph_connection_free(w->connection);
}

static void fill_pool(struct wanderer *w)
{
    const ph_pool_options options = {.done = note_delivery, .user_data = w};
    MUST(ph_pool_new(&w->allocator, &w->pool) == PH_OK);
    ph_pool_set_connections_per_server(w->pool, ROWS(w->peers));
    for (size_t i = 0; i < messages; i++)
        MUST(ph_pool_add(w->pool, w->server, w->messages[i], &options) == PH_OK);
}

static void begin_with_pool(struct wanderer *w)
{
    ph_pool_process(w->pool, ph_now_ms());
}

static void run_pool(struct wanderer *w)
{
    MUST(ph_pool_run(w->pool, -1));
    MUST(w->done == messages);
}

static void close_pool(struct wanderer *w)
{
    ph_pool_close(w->pool);
    MUST(ph_pool_run(w->pool, -1));
}

static void free_pool(struct wanderer *w)
{
    ph_pool_free(w->pool);
}

static void make_client(struct wanderer *w)
{
    MUST(ph_smtp_new("mx.example.net", 25, &w->allocator, &w->smtp) == PH_OK);
    ph_smtp_set_dial(w->smtp, dial, w);
    ph_smtp_set_trace(w->smtp, trace, w);
}

static void start_client(struct wanderer *w)
{
    MUST(ph_smtp_start(w->smtp, NULL, "user", "secret", "CRAM-MD5") == PH_OK);
}

static void send_by_client(struct wanderer *w)
{
    for (size_t i = 0; i < messages; i++) {
        MUST(ph_smtp_send(w->smtp, w->messages[i]) == PH_OK);
        w->done++;
    }
    w->result = ph_smtp_take_result(w->smtp);
}

static void free_client(struct wanderer *w)
{
    MUST(ph_smtp_finish(w->smtp) == PH_OK);
    ph_smtp_free(w->smtp);
}

static void free_result(struct wanderer *w)
{
    MUST(ph_result_outcome(w->result) == PH_OUTCOME_SENT);
    ph_result_free(w->result);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void connection__may_go_from_thread_to_thread(void **state)
{
    static step_fn *const steps[] = {start_peers,
                                     make_messages,
                                     make_server,
                                     open_connection,
                                     give_up_server,
                                     finish_first_message,
                                     finish_connection,
                                     free_connection,
                                     free_messages,
                                     stop_peers,
                                     NULL};
    (void)state;
    wander(steps);
}

static void pool__may_go_from_thread_to_thread(void **state)
{
    static step_fn *const steps[] = {
        start_peers,     make_messages,   make_server, fill_pool,  give_up_server,
        begin_with_pool, begin_with_pool, run_pool,    close_pool, free_pool,
        free_messages,   stop_peers,      NULL};
    (void)state;
    wander(steps);
}

static void client__may_go_from_thread_to_thread(void **state)
{
    static step_fn *const steps[] = {start_peers,    make_messages, make_client, start_client,
                                     send_by_client, free_client,   free_result, free_messages,
                                     stop_peers,     NULL};
    (void)state;
    wander(steps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection__may_go_from_thread_to_thread),
        cmocka_unit_test(pool__may_go_from_thread_to_thread),
        cmocka_unit_test(client__may_go_from_thread_to_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
