/* SPDX-License-Identifier: MIT */
/*
 * Each adapter in its own event loop: connections whose handler starts, cancels and frees them, a
 * name that has several addresses, and one that is looked up in vain.
 */
#include "unit/base/test.h"

#include <stdio.h>

#include <posthaste/posthaste.h>

#include "adapters/loops.h"
#include "connection/server.h"
#include "support/scripted_server.h"

#define GREETED                                                                                    \
    {STEP_SAY, "220 mx\r\n"}, {STEP_HEAR, "EHLO"},                                                 \
    {                                                                                              \
        STEP_SAY, "250-mx\r\n250 PIPELINING\r\n"                                                   \
    }
#define ENVELOPE                                                                                   \
    {STEP_HEAR, "MAIL"}, {STEP_HEAR, "RCPT"},                                                      \
    {                                                                                              \
        STEP_HEAR, "DATA"                                                                          \
    }
#define TAKEN                                                                                      \
    {STEP_SAY, "250 ok\r\n250 ok\r\n354 go\r\n"}, {STEP_HEAR_TO_DOT, NULL},                        \
    {                                                                                              \
        STEP_SAY, "250 queued\r\n"                                                                 \
    }

struct run {
    const struct loop *loop;
    void *made;
    ph_server *server;
    ph_connection *connection;
    ph_message *messages[2];
    int ended[2]; /* their status; 1: they have not ended */
    bool starts_again;
    bool cancels;
    int status; /* of CLOSED */
    bool is_over;
};

static void handle(ph_connection *connection, const ph_event *event, void *user_data);

static void open_connection(struct run *run)
{
    assert_int_equal(ph_connection_new(run->server, ph_now_ms(), &run->connection), PH_OK);
    ph_connection_set_handler(run->connection, handle, run);
    run->loop->attach(run->made, run->connection);
}

static void drop_connection(struct run *run)
{
    run->loop->detach(run->made);
    ph_connection_free(run->connection);
    run->connection = NULL;
}

static void ready(struct run *run)
{
    if (run->starts_again) { /* from within the connection that this frees */
        run->starts_again = false;
        drop_connection(run);
        open_connection(run);
        return;
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ph_connection_send(run->connection, run->messages[i], &run->ended[i]),
                         PH_OK);
    if (run->cancels)
        assert_int_equal(ph_connection_cancel(run->connection, run->messages[0]), PH_OK);
    assert_int_equal(ph_connection_quit(run->connection), PH_OK);
}

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct run *run = user_data;
    assert_ptr_equal(connection, run->connection);
    switch (event->type) {
    case PH_EVENT_READY:
        ready(run);
        break;
    case PH_EVENT_MESSAGE_DONE:
        *(int *)event->user_data = event->status;
        break;
    case PH_EVENT_CLOSED:
        run->status = event->status;
        run->is_over = true;
        drop_connection(run);
        break;
    case PH_EVENT_COMMAND_DONE:
        break;
    }
}

static ph_message *new_message(void)
{
    ph_message *message;
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content(message, "hi\r\n", 4), PH_OK);
    return message;
}

static void begin(struct run *run, const struct loop *loop, const char *address, int port)
{
    *run = (struct run){.loop = loop, .ended = {1, 1}};
    print_message("%s\n", loop->name);
    run->made = loop->begin();
    assert_int_equal(ph_server_new(address, port, NULL, &run->server), PH_OK);
    for (size_t i = 0; i < 2; i++)
        run->messages[i] = new_message();
}

static void go(struct run *run)
{
    open_connection(run);
    run->loop->run(run->made, &run->is_over);
    run->loop->end(run->made);
    for (size_t i = 0; i < 2; i++)
        ph_message_free(run->messages[i]);
    ph_server_free(run->server);
}

static struct scripted_server *play(const struct step *steps)
{
    return scripted_server_start(&(struct server_settings){.steps = steps});
}

static void expect_met(struct scripted_server *server)
{
    const char *problem = scripted_server_stop(server);
    if (problem)
        fail_msg("%s", problem);
}

/* The name stands for ::1, where nobody listens, and 127.0.0.1: descriptors come and go. */
static void several_addresses__are_tried_in_each_loop(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED,
                                        ENVELOPE,
                                        TAKEN,
                                        ENVELOPE,
                                        TAKEN,
                                        {STEP_HEAR, "QUIT"},
                                        {STEP_SAY, "221 bye\r\n"},
                                        {STEP_END, NULL}};
    for (unsigned i = 0; i < loop_count; i++) {
        struct run run;
        struct scripted_server *server = play(steps);
        begin(&run, &loops[i], "localhost", scripted_server_port(server));
        go(&run);
        assert_int_equal(run.status, PH_OK);
        assert_int_equal(run.ended[0], PH_OK);
        assert_int_equal(run.ended[1], PH_OK);
        (void)scripted_server_stop(server);
    }
}

static void handler__frees_its_connection_and_opens_another(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
    for (unsigned i = 0; i < loop_count; i++) {
        struct run run;
        struct scripted_server *server =
            scripted_server_start(&(struct server_settings){.steps = steps, .clients = 2});
        begin(&run, &loops[i], "127.0.0.1", scripted_server_port(server));
        run.starts_again = true;
        assert_int_equal(ph_server_set_read_timeout(run.server, 300), PH_OK);
        go(&run);
        /* The second one sent its envelope, which nobody answers. */
        assert_int_equal(run.status, PH_ERR_READ_TIMEOUT);
        assert_int_equal(run.ended[0], PH_ERR_READ_TIMEOUT);
        expect_met(server);
    }
}

static void handler__takes_a_message_back(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, ENVELOPE, TAKEN, {STEP_HEAR, "QUIT"}, {STEP_SAY, "221 bye\r\n"}, {STEP_END, NULL}};
    for (unsigned i = 0; i < loop_count; i++) {
        struct run run;
        struct scripted_server *server = play(steps);
        begin(&run, &loops[i], "127.0.0.1", scripted_server_port(server));
        run.cancels = true;
        go(&run);
        assert_int_equal(run.ended[0], PH_ERR_CANCELLED);
        assert_int_equal(run.ended[1], PH_OK);
        assert_int_equal(run.status, PH_OK);
        expect_met(server);
    }
}

/* A name server that is not there: its sockets come and go, too. */
static void look_up_in_vain__ends_in_each_loop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < loop_count; i++) {
        struct run run;
        begin(&run, &loops[i], "mx.example.net", 25);
        run.server->name_servers = "127.0.0.1:1";
        go(&run);
        assert_int_equal(run.status, PH_ERR_HOST_UNKNOWN);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_addresses__are_tried_in_each_loop),
        cmocka_unit_test(handler__frees_its_connection_and_opens_another),
        cmocka_unit_test(handler__takes_a_message_back),
        cmocka_unit_test(look_up_in_vain__ends_in_each_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
