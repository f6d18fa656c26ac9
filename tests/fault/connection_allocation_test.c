/* SPDX-License-Identifier: MIT */
/*
 * A session that never blocks, with each allocation failing in turn, and with all from each on:
 * every message that was added is told of once, CLOSED comes last, and nothing is left behind.
 */
#include "unit/base/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <posthaste/posthaste.h>

#include "unit/base/test_allocator.h"

enum {
    rounds_max = 3000,
    steps_max = 100,
    messages = 3
};

static const char password[] = "correct horse battery staple";

struct run {
    struct test_allocator memory;
    int fds[2]; /* the client's, and the server's */
    bool in_content;
    ph_server *server;
    ph_connection *connection;
    ph_message *message;
    int added;
    int done;
    int sent;
    int status; /* of CLOSED, or of the call that failed */
    bool has_closed;
};

/* ---- The server ------------------------------------------------------------------------------ */

static const char *answer_to(struct run *run, const char *line)
{
    static const char *const answers[][2] = {
        {"EHLO", "250-mx\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"},
        {"AUTH", "235 welcome\r\n"},
        {"RCPT TO:<c", "550 5.1.1 nobody\r\n"},
        {"DATA", "354 go ahead\r\n"},
        {"QUIT", "221 bye\r\n"},
    };
    if (run->in_content) {
        run->in_content = strcmp(line, ".") != 0;
        return run->in_content ? "" : "250 queued\r\n";
    }
    run->in_content = strcmp(line, "DATA") == 0;
    for (size_t i = 0; i < ROWS(answers); i++) {
        if (strncmp(line, answers[i][0], strlen(answers[i][0])) == 0)
            return answers[i][1];
    }
    return "250 ok\r\n";
}

static void say(const struct run *run, const char *text)
{
    if (*text != '\0')
        (void)send(run->fds[1], text, strlen(text), MSG_NOSIGNAL);
}

/* Answers each line that has come in; the client writes whole ones. */
static void serve(struct run *run)
{
    char heard[4096];
    const ssize_t n = recv(run->fds[1], heard, sizeof heard - 1, MSG_DONTWAIT);
    heard[n > 0 ? n : 0] = '\0';
    char *rest = heard;
    for (char *end = strstr(rest, "\r\n"); end; end = strstr(rest, "\r\n")) {
        *end = '\0';
        say(run, answer_to(run, rest));
        rest = end + 2;
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

static int make_message(struct run *run)
{
    int status = ph_message_new(&run->memory.allocator, &run->message);
    if (status == PH_OK)
        status = ph_message_set_from(run->message, "a@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(run->message, "b@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(run->message, "c@example.org");
    if (status == PH_OK)
        status = ph_message_set_recipient_policy(run->message, PH_RCPT_ANY);
    if (status == PH_OK)
        status = ph_message_set_content(run->message, "Subject: hello\n\nhello\n", 22);
    return status;
}

static int make_server(struct run *run)
{
    int status = ph_server_new("mx.example.net", 25, &run->memory.allocator, &run->server);
    if (status == PH_OK)
        status = ph_server_set_dial(run->server, dial, run);
    if (status == PH_OK)
        status = ph_server_set_login(run->server, "user", password, NULL);
    return status;
}

static void add(struct run *run)
{
    if (run->added < messages) {
        const int status = ph_connection_send(run->connection, run->message, NULL);
        if (status != PH_OK)
            ph_connection_close(run->connection);
        else
            run->added++;
    } else if (run->done == messages) {
        (void)ph_connection_quit(run->connection);
    }
}

static void take_events(struct run *run)
{
    ph_event event;
    while (ph_connection_next_event(run->connection, &event)) {
        assert_false(run->has_closed);
        if (event.type == PH_EVENT_MESSAGE_DONE) {
            run->done++;
            run->sent += ph_result_outcome(event.result) == PH_OUTCOME_SENT;
            add(run);
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
        run->status = make_message(run);
    if (run->status == PH_OK)
        run->status = ph_connection_new(run->server, 1000, &run->connection);
    if (run->status != PH_OK)
        return;
    say(run, "220 mx\r\n");
    for (int i = 0; i < steps_max && !run->has_closed; i++) {
        struct pollfd fds[PH_POLLFDS_MAX];
        const size_t count = ph_connection_pollfds(run->connection, fds);
        (void)poll(fds, (nfds_t)count, 0);
        ph_connection_process(run->connection, fds, count, 1000);
        take_events(run);
        serve(run);
    }
    assert_true(run->has_closed);
    assert_int_equal(run->done, run->added);
}

static void check_round(struct run *run, int round)
{
    run_session(run);
    ph_connection_free(run->connection);
    ph_message_free(run->message);
    ph_server_free(run->server);
    for (size_t i = 0; i < 2; i++) {
        if (run->fds[i] >= 0)
            (void)close(run->fds[i]);
    }
    if (!run->memory.has_failed && (run->status != PH_OK || run->sent != messages))
        fail_msg("allocation %d: %s", round, ph_status_name(run->status));
    if (run->status != PH_OK && run->status != PH_ERR_NO_MEMORY &&
        run->status != PH_ERR_CANCELLED) /* add() closes */
        fail_msg("allocation %d: %s", round, ph_status_name(run->status));
    if (run->memory.live_blocks != 0)
        fail_msg("allocation %d: %zu blocks are left", round, run->memory.live_blocks);
    if (run->memory.has_released_secret)
        fail_msg("allocation %d: the password is in released memory", round);
}

static void sweep(bool fails_from_there)
{
    bool has_failed = true;
    int round = 0;
    for (; has_failed && round < rounds_max; round++) {
        struct run run = {.in_content = false};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, run.fds), 0);
        test_allocator_init_failing(&run.memory, round);
        run.memory.fails_from_there = fails_from_there;
        run.memory.secret = password;
        check_round(&run, round);
        has_failed = run.memory.has_failed;
    }
    assert_in_range(round, 10, rounds_max - 1);
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
