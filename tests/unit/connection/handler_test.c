/* SPDX-License-Identifier: MIT */
/* A handler of events, which may call whatever it likes, also on the connection that calls it. */
#include "unit/connection/pair.h"

#define PIPELINING "250 PIPELINING\r\n"
#define TAKEN      "250 ok\r\n250 ok\r\n354 go ahead\r\n"

/* What the handler saw, and what it does when it sees an event of a type. */
struct script {
    struct pair *pair;
    ph_message *message;
    unsigned seen[32]; /* types, in order */
    size_t seen_count;
    int statuses[32];
    ph_event_type acts_on;
    void (*act)(struct script *script, ph_connection *connection);
};

static void handle(ph_connection *connection, const ph_event *event, void *user_data)
{
    struct script *script = user_data;
    assert_in_range(script->seen_count, 0, 31);
    script->statuses[script->seen_count] = event->status;
    script->seen[script->seen_count++] = event->type;
    if (event->type == script->acts_on)
        script->act(script, connection);
}

/* Opens a connection with a handler that acts on an event. Two slots are free. */
static void begin(struct pair *p, struct script *script, ph_event_type acts_on,
                  void (*act)(struct script *script, ph_connection *connection))
{
    pair_init(p);
    *script =
        (struct script){.pair = p, .message = pair_message(p), .acts_on = acts_on, .act = act};
    pair_open(p);
    ph_connection_set_handler(p->connection, handle, script);
}

static void end(struct pair *p, struct script *script)
{
    ph_message_free(script->message);
    pair_end(p);
}

static void check_seen(const struct script *script, const unsigned *types, size_t count)
{
    assert_int_equal(script->seen_count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(script->seen[i], types[i]);
}

#define CHECK_SEEN(script, ...)                                                                    \
    check_seen(script, (const unsigned[]){__VA_ARGS__},                                            \
               sizeof(const unsigned[]){__VA_ARGS__} / sizeof(unsigned))

/* ---- Acts ------------------------------------------------------------------------------------ */

static void send_one(struct script *script, ph_connection *connection)
{
    assert_int_equal(ph_connection_send(connection, script->message, NULL), PH_OK);
}

static void close_it(struct script *script, ph_connection *connection)
{
    (void)script;
    ph_connection_close(connection);
}

static void free_it(struct script *script, ph_connection *connection)
{
    ph_connection_free(connection);
    script->pair->connection = NULL;
}

static void quit_it(struct script *script, ph_connection *connection)
{
    (void)script;
    assert_int_equal(ph_connection_quit(connection), PH_OK);
}

static void send_and_cancel(struct script *script, ph_connection *connection)
{
    script->acts_on = 0;
    send_one(script, connection);
    assert_int_equal(ph_connection_cancel(connection, script->message), PH_OK);
}

static void process_again(struct script *script, ph_connection *connection)
{
    ph_event event;
    ph_connection_process(connection, NULL, 0, script->pair->now_ms);
    assert_false(ph_connection_next_event(connection, &event));
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void handler__may_send(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, PH_EVENT_READY, send_one);
    pair_say(&p, "250-mx\r\n" PIPELINING);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    script.acts_on = PH_EVENT_MESSAGE_DONE;
    pair_say(&p, TAKEN);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n");
    pair_say(&p, "250 queued\r\n");
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    CHECK_SEEN(&script, PH_EVENT_READY, PH_EVENT_MESSAGE_DONE);
    end(&p, &script);
}

static void handler__may_quit(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, PH_EVENT_READY, quit_it);
    pair_say(&p, "250 mx\r\n");
    assert_string_equal(pair_heard(&p), "QUIT\r\n");
    pair_say(&p, "221 bye\r\n");
    CHECK_SEEN(&script, PH_EVENT_READY, PH_EVENT_CLOSED);
    assert_int_equal(script.statuses[1], PH_OK);
    end(&p, &script);
}

static void handler__may_close(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, PH_EVENT_READY, close_it);
    send_one(&script, p.connection);
    pair_say(&p, "250-mx\r\n" PIPELINING);
    CHECK_SEEN(&script, PH_EVENT_READY, PH_EVENT_MESSAGE_DONE, PH_EVENT_CLOSED);
    assert_int_equal(script.statuses[1], PH_ERR_CANCELLED);
    assert_string_equal(pair_heard(&p), "");
    end(&p, &script);
}

static void handler__may_free(void **state)
{
    static const ph_event_type types[] = {PH_EVENT_READY, PH_EVENT_MESSAGE_DONE, PH_EVENT_CLOSED};
    (void)state;
    for (size_t i = 0; i < ROWS(types); i++) {
        struct pair p;
        struct script script;
        begin(&p, &script, types[i], free_it);
        send_one(&script, p.connection);
        pair_say(&p, "250-mx\r\n" PIPELINING);
        if (p.connection)
            pair_say(&p, "550 no\r\n550 no\r\n550 no\r\n");
        if (p.connection)
            pair_hang_up(&p);
        assert_null(p.connection);
        assert_int_equal(script.seen[script.seen_count - 1], types[i]);
        end(&p, &script);
    }
}

static void handler__may_cancel(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, PH_EVENT_READY, send_and_cancel);
    pair_say(&p, "250-mx\r\n" PIPELINING);
    CHECK_SEEN(&script, PH_EVENT_READY, PH_EVENT_MESSAGE_DONE);
    assert_int_equal(script.statuses[1], PH_ERR_CANCELLED);
    assert_string_equal(pair_heard(&p), "");
    end(&p, &script);
}

static void handler__gets_nothing_of_its_own_process(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, PH_EVENT_READY, process_again);
    pair_say(&p, "250 mx\r\n");
    CHECK_SEEN(&script, PH_EVENT_READY);
    end(&p, &script);
}

/* What is called from outside is told by the next process, which is due at once. */
static void handler__is_called_by_process_alone(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, 0, NULL);
    pair_say(&p, "250 mx\r\n");
    assert_int_equal(ph_connection_deadline(p.connection, p.now_ms), PH_NO_DEADLINE);
    ph_connection_close(p.connection);
    CHECK_SEEN(&script, PH_EVENT_READY);
    assert_int_equal(ph_connection_deadline(p.connection, p.now_ms), p.now_ms);
    pair_process(&p);
    CHECK_SEEN(&script, PH_EVENT_READY, PH_EVENT_CLOSED);
    assert_int_equal(ph_connection_deadline(p.connection, p.now_ms), PH_NO_DEADLINE);
    end(&p, &script);
}

static void handler__may_be_taken_away(void **state)
{
    (void)state;
    struct pair p;
    struct script script;
    begin(&p, &script, 0, NULL);
    ph_connection_set_handler(p.connection, NULL, NULL);
    pair_say(&p, "250 mx\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    assert_int_equal(script.seen_count, 0);
    end(&p, &script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handler__may_send),
        cmocka_unit_test(handler__may_quit),
        cmocka_unit_test(handler__may_close),
        cmocka_unit_test(handler__may_free),
        cmocka_unit_test(handler__may_cancel),
        cmocka_unit_test(handler__gets_nothing_of_its_own_process),
        cmocka_unit_test(handler__is_called_by_process_alone),
        cmocka_unit_test(handler__may_be_taken_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
