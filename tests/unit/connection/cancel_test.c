/* SPDX-License-Identifier: MIT */
/* Taking messages back, at each point of their way, and what becomes of them and of the others. */
#include "unit/connection/pair.h"

#include <string.h>

#define PIPELINING "250 PIPELINING\r\n"
#define TAKEN      "250 ok\r\n250 ok\r\n354 go ahead\r\n"

struct two {
    struct pair p;
    ph_message *first;
    ph_message *second;
};

/* Both messages are added. */
static void begin(struct two *t)
{
    pair_begin(&t->p, PIPELINING);
    t->first = pair_message(&t->p);
    t->second = pair_message(&t->p);
    assert_int_equal(ph_connection_send(t->p.connection, t->first, NULL), PH_OK);
    assert_int_equal(ph_connection_send(t->p.connection, t->second, NULL), PH_OK);
}

static void end(struct two *t)
{
    ph_message_free(t->first);
    ph_message_free(t->second);
    pair_end(&t->p);
}

static void expect_done(struct two *t, const ph_message *message, int status, ph_outcome outcome)
{
    pair_expect(&t->p, PH_EVENT_MESSAGE_DONE, status);
    assert_ptr_equal(t->p.event.message, message);
    assert_int_equal(ph_result_outcome(t->p.event.result), outcome);
}

static void waiting__is_never_sent(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_OK);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_ERR_STATE);
    expect_done(&t, t.first, PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT);
    pair_expect_none(&t.p);
    assert_string_equal(pair_heard(&t.p), MAIL RCPT "DATA\r\n");
    pair_say(&t.p, TAKEN);
    pair_expect_none(&t.p);
    pair_say(&t.p, "250 queued\r\n");
    expect_done(&t, t.second, PH_OK, PH_OUTCOME_SENT);
    end(&t);
}

/* Events keep the order of the messages. */
static void waiting__is_told_in_its_turn(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.second), PH_OK);
    pair_expect_none(&t.p);
    assert_string_equal(pair_heard(&t.p), MAIL RCPT "DATA\r\n");
    pair_say(&t.p, TAKEN);
    pair_expect_none(&t.p);
    assert_string_equal(pair_heard(&t.p), HELLO ".\r\n");
    pair_say(&t.p, "250 queued\r\n");
    expect_done(&t, t.first, PH_OK, PH_OUTCOME_SENT);
    expect_done(&t, t.second, PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT);
    pair_expect_none(&t.p);
    end(&t);
}

/* DATA left along with the envelope: what it may have opened is ended as SMTP can. */
static void envelope__is_undone(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    ph_event event;
    pair_expect_none(&t.p);
    assert_string_equal(pair_heard(&t.p), MAIL RCPT "DATA\r\n");
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_OK);
    pair_expect_none(&t.p);
    pair_say(&t.p, "250 ok\r\n250 ok\r\n354 go ahead\r\n");
    assert_true(ph_connection_next_event(t.p.connection, &event));
    assert_int_equal(event.type, PH_EVENT_MESSAGE_DONE);
    assert_ptr_equal(event.message, t.first);
    assert_int_equal(event.status, PH_ERR_CANCELLED);
    assert_int_equal(ph_result_outcome(event.result), PH_OUTCOME_NOT_SENT);
    assert_null(strstr(pair_heard(&t.p), "Subject"));
    end(&t);
}

static void envelope__is_reset_where_commands_go_one_by_one(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, "250 HELP\r\n");
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL);
    assert_int_equal(ph_connection_cancel(p.connection, message), PH_OK);
    pair_expect_none(&p);
    pair_say(&p, "250 ok\r\n");
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "RSET\r\n");
    pair_say(&p, "250 ok\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_CANCELLED);
    assert_int_equal(ph_result_outcome(p.event.result), PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_connection_noop(p.connection), PH_OK); /* the session goes on */
    ph_message_free(message);
    pair_end(&p);
}

/* Never ends: more than the sockets take at once. */
static int read_on(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)user_data;
    memset(buffer, 'x', size);
    *n = size;
    return 0;
}

/* Only a dropped connection keeps the server from taking half a message for a whole one. */
static void content__drops_the_connection(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    assert_int_equal(ph_message_set_content_callback(t.first, read_on, NULL), PH_OK);
    pair_expect_none(&t.p);
    pair_say(&t.p, TAKEN);
    pair_expect_none(&t.p);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_OK);
    expect_done(&t, t.first, PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT);
    expect_done(&t, t.second, PH_ERR_CLOSED, PH_OUTCOME_NOT_SENT); /* nobody cancelled that one */
    pair_expect(&t.p, PH_EVENT_CLOSED, PH_ERR_CANCELLED);
    end(&t);
}

static void end_that_was_sent__cannot_be_undone(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    pair_expect_none(&t.p);
    pair_say(&t.p, TAKEN);
    pair_expect_none(&t.p);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_ERR_STATE);
    pair_say(&t.p, "250 queued\r\n");
    expect_done(&t, t.first, PH_OK, PH_OUTCOME_SENT);
    assert_int_equal(ph_connection_cancel(t.p.connection, t.first), PH_ERR_STATE);
    end(&t);
}

static void stranger__is_refused(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    ph_message *stranger = pair_message(&t.p);
    assert_int_equal(ph_connection_cancel(t.p.connection, stranger), PH_ERR_STATE);
    ph_message_free(stranger);
    end(&t);
}

/* @return a message that is added twice, with NULL and with @p second */
static ph_message *begin_with_one_twice(struct pair *p, int *second)
{
    pair_begin(p, PIPELINING);
    ph_message *message = pair_message(p);
    assert_int_equal(ph_connection_send(p->connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_send(p->connection, message, second), PH_OK);
    return message;
}

/* What was sent of its first time to the end is the server's; the second can be taken back still.
 */
static void added_again__is_taken_back_where_it_can_be(void **state)
{
    (void)state;
    struct pair p;
    int second;
    ph_message *message = begin_with_one_twice(&p, &second);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n" MAIL RCPT "DATA\r\n");
    assert_int_equal(ph_connection_cancel(p.connection, message), PH_OK);
    assert_int_equal(ph_connection_cancel(p.connection, message), PH_ERR_STATE);
    pair_say(&p, "250 queued\r\n250 ok\r\n250 ok\r\n554 no\r\n250 reset\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_null(p.event.user_data);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_CANCELLED);
    assert_ptr_equal(p.event.user_data, &second);
    ph_message_free(message);
    pair_end(&p);
}

/* A message may be added again while it is under way: what is taken back is its first time. */
static void added_again__is_sent_the_times_that_are_left(void **state)
{
    (void)state;
    struct pair p;
    int second;
    ph_message *message = begin_with_one_twice(&p, &second);
    assert_int_equal(ph_connection_cancel(p.connection, message), PH_OK);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_CANCELLED);
    assert_null(p.event.user_data);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n" MAIL RCPT "DATA\r\n");
    pair_say(&p, "250 queued\r\n" TAKEN);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_ptr_equal(p.event.user_data, &second);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n");
    pair_say(&p, "250 queued\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    ph_message_free(message);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting__is_never_sent),
        cmocka_unit_test(waiting__is_told_in_its_turn),
        cmocka_unit_test(envelope__is_undone),
        cmocka_unit_test(envelope__is_reset_where_commands_go_one_by_one),
        cmocka_unit_test(content__drops_the_connection),
        cmocka_unit_test(end_that_was_sent__cannot_be_undone),
        cmocka_unit_test(stranger__is_refused),
        cmocka_unit_test(added_again__is_taken_back_where_it_can_be),
        cmocka_unit_test(added_again__is_sent_the_times_that_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
