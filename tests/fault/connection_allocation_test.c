/* SPDX-License-Identifier: MIT */
/*
 * A session that never blocks, one message after the other and several in flight, with each
 * allocation failing in turn, and with all from each on: every message that was added is told of
 * once, in its order, CLOSED comes last, and nothing is left behind.
 */
#include "unit/base/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <posthaste/posthaste.h>

#include "support/small_server.h"
#include "unit/base/test_allocator.h"

enum {
    rounds_max = 3000,
    steps_max = 100,
    messages = 3
};

static const char password[] = "correct horse battery staple";

/* How messages are sent. */
struct way {
    const char *note;
    const char *offers;
    int at_once; /* messages that are added and not done */
    uint32_t window;
};

#define OFFERS "250-mx\r\n250-AUTH PLAIN\r\n250-PIPELINING\r\n"

static const struct way ways[] = {
    {"one after the other", OFFERS "250 HELP\r\n", 1, 1},
    {"two overlapped, DATA", OFFERS "250 HELP\r\n", 2, 1},
    {"two overlapped, BDAT", OFFERS "250 CHUNKING\r\n", 2, 1},
    {"two in a window", OFFERS "250 CHUNKING\r\n", 2, 2},
    {"three in a window", OFFERS "250 CHUNKING\r\n", 3, 3},
};

struct run {
    const struct way *way;
    struct test_allocator memory;
    int fds[2]; /* the client's, and the server's */
    struct small_server peer;
    ph_server *server;
    ph_connection *connection;
    ph_message *messages[messages];
    int added;
    int done;
    int sent;
    int status; /* of CLOSED, or of the call that failed */
    bool has_closed;
};

/* ---- The client ------------------------------------------------------------------------------ */

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct run *run = user_data;
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = run->fds[0];
    run->fds[0] = -1;
    return 0;
}

static int make_message(struct run *run, ph_message **message)
{
    int status = ph_message_new(&run->memory.allocator, message);
    if (status == PH_OK)
        status = ph_message_set_from(*message, "a@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(*message, "b@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(*message, "x@example.org");
    if (status == PH_OK)
        status = ph_message_set_recipient_policy(*message, PH_RCPT_ANY);
    if (status == PH_OK)
        status = ph_message_set_content(*message, "Subject: hello\n\nhello\n", 22);
    return status;
}

static int make_messages(struct run *run)
{
    int status = PH_OK;
    for (int i = 0; i < messages && status == PH_OK; i++)
        status = make_message(run, &run->messages[i]);
    return status;
}

static int make_server(struct run *run)
{
    int status = ph_server_new("mx.example.net", 25, &run->memory.allocator, &run->server);
    if (status == PH_OK)
        status = ph_server_set_dial(run->server, dial, run);
    if (status == PH_OK)
        status = ph_server_set_login(run->server, "user", password, NULL);
    if (status == PH_OK)
        status = ph_server_set_window(run->server, run->way->window, 100000);
    return status;
}

static void add(struct run *run)
{
    int status = PH_OK;
    while (status == PH_OK && run->added < messages && run->added - run->done < run->way->at_once) {
        status = ph_connection_send(run->connection, run->messages[run->added], NULL);
        run->added += status == PH_OK;
    }
    if (status != PH_OK)
        ph_connection_close(run->connection);
    else if (run->done == messages)
        (void)ph_connection_quit(run->connection);
}

static void check_status(const struct run *run, int status)
{
    if (status != PH_OK && status != PH_ERR_NO_MEMORY &&
        status != PH_ERR_CANCELLED) /* add() closes */
        fail_msg("%s, allocation %d: %s", run->way->note, run->memory.fail_at,
                 ph_status_name(status));
}

static void take_message(struct run *run, const ph_event *event)
{
    assert_ptr_equal(event->message, run->messages[run->done]);
    check_status(run, event->status);
    run->done++;
    run->sent += ph_result_outcome(event->result) == PH_OUTCOME_SENT;
    add(run);
}

static void take_events(struct run *run)
{
    ph_event event;
    while (ph_connection_next_event(run->connection, &event)) {
        assert_false(run->has_closed);
        if (event.type == PH_EVENT_MESSAGE_DONE) {
            take_message(run, &event);
        } else if (event.type == PH_EVENT_READY) {
            add(run);
        } else {
            run->has_closed = true;
            run->status = event.status;
        }
    }
}

static void run_session(struct run *run)
{
    run->status = make_server(run);
    if (run->status == PH_OK)
        run->status = make_messages(run);
    if (run->status == PH_OK)
        run->status = ph_connection_new(run->server, 1000, &run->connection);
    if (run->status != PH_OK)
        return;
    small_server_begin(&run->peer, run->way->offers);
    (void)small_server_serve(&run->peer, run->fds[1]);
    for (int i = 0; i < steps_max && !run->has_closed; i++) {
        struct pollfd fds[PH_POLLFDS_MAX];
        const size_t count = ph_connection_pollfds(run->connection, fds);
        (void)poll(fds, (nfds_t)count, 0);
        ph_connection_process(run->connection, fds, count, 1000);
        take_events(run);
        (void)small_server_serve(&run->peer, run->fds[1]);
    }
    assert_true(run->has_closed);
    assert_int_equal(run->done, run->added);
}

static void check_round(struct run *run)
{
    run_session(run);
    ph_connection_free(run->connection);
    for (size_t i = 0; i < messages; i++)
        ph_message_free(run->messages[i]);
    ph_server_free(run->server);
    for (size_t i = 0; i < 2; i++) {
        if (run->fds[i] >= 0)
            (void)close(run->fds[i]);
    }
    if (!run->memory.has_failed && (run->status != PH_OK || run->sent != messages))
        fail_msg("%s, allocation %d: %s", run->way->note, run->memory.fail_at,
                 ph_status_name(run->status));
    check_status(run, run->status);
    if (run->memory.live_blocks != 0)
        fail_msg("%s, allocation %d: %zu blocks are left", run->way->note, run->memory.fail_at,
                 run->memory.live_blocks);
    if (run->memory.has_released_secret)
        fail_msg("%s, allocation %d: the password is in released memory", run->way->note,
                 run->memory.fail_at);
}

static void sweep_way(const struct way *way, bool fails_from_there)
{
    bool has_failed = true;
    int round = 0;
    for (; has_failed && round < rounds_max; round++) {
        struct run run = {.way = way};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, run.fds), 0);
        test_allocator_init_failing(&run.memory, round);
        run.memory.fails_from_there = fails_from_there;
        run.memory.secret = password;
        check_round(&run);
        has_failed = run.memory.has_failed;
    }
    assert_in_range(round, 10, rounds_max - 1);
}

static void sweep(bool fails_from_there)
{
    for (size_t i = 0; i < ROWS(ways); i++)
        sweep_way(&ways[i], fails_from_there);
}

static void session__each_allocation_may_fail(void **state)
{
    (void)state;
    sweep(false);
}

static void session__all_allocations_from_each_on_may_fail(void **state)
{
    (void)state;
    sweep(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session__each_allocation_may_fail),
        cmocka_unit_test(session__all_allocations_from_each_on_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
