/* SPDX-License-Identifier: MIT */
/*
 * Several messages in flight on a connection whose server goes away behind each byte that it says,
 * in order or by a reset: each message has its true outcome, and all are told of in their order.
 * What the client wrote was written, whether the server took it or not.
 */
#include "unit/base/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <posthaste/posthaste.h>

#include "support/small_server.h"

enum {
    messages = 3,
    steps_max = 200
};

struct way {
    const char *note;
    const char *offers;
    uint32_t window;
};

static const struct way ways[] = {
    {"DATA", "250-mx\r\n250 PIPELINING\r\n", 1},
    {"BDAT", "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 1},
    {"window", "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", messages},
};

struct run {
    const struct way *way;
    size_t may_say; /* bytes */
    bool resets;
    int fds[2]; /* the client's, and the server's */
    struct small_server peer;
    ph_server *server;
    ph_connection *connection;
    ph_message *messages[messages];
    size_t n_said;
    size_t ends_heard;
    size_t ends_answered;
    size_t added;
    size_t done;
    ph_outcome outcomes[messages];
    bool has_closed;
};

/* ---- The server ------------------------------------------------------------------------------ */

static const char *count_ends(struct small_server *peer, const char *line)
{
    struct run *run = peer->user_data;
    run->ends_heard += strcmp(line, ".") == 0;
    return NULL;
}

static void count_answers(struct run *run, size_t n)
{
    static const char final[] = "queued\r\n";
    const char *said = run->peer.said;
    for (size_t end = strlen(final); end <= n; end++)
        run->ends_answered += memcmp(said + end - strlen(final), final, strlen(final)) == 0;
}

/* Hears what was written; it stays where it is until it is taken. */
static size_t hear(struct run *run)
{
    char heard[4096];
    const ssize_t n = recv(run->fds[1], heard, sizeof heard, MSG_DONTWAIT | MSG_PEEK);
    assert_true(n < (ssize_t)sizeof heard); /* all of it */
    if (n > 0)
        small_server_hear(&run->peer, heard, (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

static void take(const struct run *run, size_t n)
{
    char heard[4096];
    if (n > 0)
        assert_int_equal(recv(run->fds[1], heard, n, MSG_DONTWAIT), n);
}

/* A reset is what comes of leaving something unread. */
static void serve(struct run *run)
{
    if (run->fds[1] < 0)
        return;
    const size_t n_heard = hear(run);
    const size_t rest = run->may_say - run->n_said;
    const size_t n = run->peer.n_said < rest ? run->peer.n_said : rest;
    const bool is_cut = n < run->peer.n_said;
    count_answers(run, n);
    (void)send(run->fds[1], run->peer.said, n, MSG_NOSIGNAL);
    run->n_said += n;
    run->peer.n_said = 0;
    if (!is_cut || !run->resets)
        take(run, n_heard);
    if (is_cut) {
        (void)close(run->fds[1]);
        run->fds[1] = -1;
    }
}

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

static void add(struct run *run)
{
    while (run->added < messages && ph_connection_room(run->connection) > 0) {
        assert_int_equal(ph_connection_send(run->connection, run->messages[run->added++], NULL),
                         PH_OK);
    }
    if (run->done == messages)
        (void)ph_connection_quit(run->connection);
}

static void take_events(struct run *run)
{
    ph_event event;
    while (ph_connection_next_event(run->connection, &event)) {
        assert_false(run->has_closed);
        if (event.type == PH_EVENT_MESSAGE_DONE) {
            assert_ptr_equal(event.message, run->messages[run->done]);
            run->outcomes[run->done++] = ph_result_outcome(event.result);
        }
        run->has_closed = event.type == PH_EVENT_CLOSED;
        add(run);
    }
}

static void play(struct run *run)
{
    for (int i = 0; i < steps_max && !run->has_closed; i++) {
        struct pollfd fds[PH_POLLFDS_MAX];
        const size_t count = ph_connection_pollfds(run->connection, fds);
        (void)poll(fds, (nfds_t)count, 0);
        ph_connection_process(run->connection, fds, count, 1000);
        take_events(run);
        serve(run);
    }
    assert_true(run->has_closed);
}

/* ---- One round ------------------------------------------------------------------------------- */

static void begin(struct run *run)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, run->fds), 0);
    assert_int_equal(ph_server_new("mx.example.net", 25, NULL, &run->server), PH_OK);
    assert_int_equal(ph_server_set_dial(run->server, dial, run), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(run->server, PH_TLS_OFF), PH_OK);
    assert_int_equal(ph_server_set_window(run->server, run->way->window, 100000), PH_OK);
    for (size_t i = 0; i < messages; i++) {
        assert_int_equal(ph_message_new(NULL, &run->messages[i]), PH_OK);
        assert_int_equal(ph_message_set_from(run->messages[i], "a@example.org"), PH_OK);
        assert_int_equal(ph_message_add_recipient(run->messages[i], "b@example.org"), PH_OK);
        assert_int_equal(ph_message_set_content(run->messages[i], "hello\n", 6), PH_OK);
    }
    small_server_begin(&run->peer, run->way->offers);
    run->peer.answer = count_ends;
    run->peer.user_data = run;
    assert_int_equal(ph_connection_new(run->server, 1000, &run->connection), PH_OK);
    add(run);
}

static void end(struct run *run)
{
    ph_connection_free(run->connection);
    ph_server_free(run->server);
    for (size_t i = 0; i < messages; i++)
        ph_message_free(run->messages[i]);
    for (size_t i = 0; i < 2; i++) {
        if (run->fds[i] >= 0)
            (void)close(run->fds[i]);
    }
}

static void check_outcomes(const struct run *run)
{
    assert_int_equal(run->done, run->added);
    for (size_t i = 0; i < run->done; i++) {
        const ph_outcome truth = i < run->ends_answered ? PH_OUTCOME_SENT
                                 : i < run->ends_heard  ? PH_OUTCOME_UNKNOWN
                                                        : PH_OUTCOME_NOT_SENT;
        if (run->outcomes[i] != truth)
            fail_msg("%s, %zu bytes said: message %zu is told as %s", run->way->note, run->n_said,
                     i, ph_outcome_name(run->outcomes[i]));
    }
}

/* @return the server went before the client did */
static bool round_is_cut(struct run run)
{
    begin(&run);
    play(&run);
    check_outcomes(&run);
    const bool is_cut = run.fds[1] < 0;
    end(&run);
    return is_cut;
}

static void sweep(bool resets)
{
    for (size_t i = 0; i < ROWS(ways); i++) {
        size_t n = 0;
        while (round_is_cut((struct run){.way = &ways[i], .may_say = n, .resets = resets}))
            n++;
        assert_true(n > 100);
    }
}

static void server__closes_at_each_byte(void **state)
{
    (void)state;
    sweep(false);
}

static void server__resets_at_each_byte(void **state)
{
    (void)state;
    sweep(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__closes_at_each_byte),
        cmocka_unit_test(server__resets_at_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
