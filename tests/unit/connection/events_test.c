/* SPDX-License-Identifier: MIT */
/* What a connection tells, in which order, and what it writes meanwhile. */
#include "unit/connection/pair.h"

#include <string.h>

#define PIPELINING "250 PIPELINING\r\n"
#define TAKEN      "250 ok\r\n250 ok\r\n354 go ahead\r\n"

static void session__is_ready_and_ends_with_quit(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_open(&p);
    assert_null(ph_connection_capabilities(p.connection));
    pair_say(&p, "250-mx\r\n250 SIZE 1000\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    assert_true(ph_capabilities_has(ph_connection_capabilities(p.connection), "SIZE"));
    assert_int_equal(ph_connection_quit(p.connection), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "QUIT\r\n");
    pair_say(&p, "221 bye\r\n");
    pair_expect(&p, PH_EVENT_CLOSED, PH_OK);
    pair_expect_none(&p);
    assert_null(ph_connection_error(p.connection));
    assert_int_equal(ph_connection_quit(p.connection), PH_ERR_STATE);
    assert_int_equal(ph_connection_deadline(p.connection, p.now_ms), PH_NO_DEADLINE);
    pair_end(&p);
}

static void quit__is_done_however_the_server_takes_it(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    assert_int_equal(ph_connection_quit(p.connection), PH_OK);
    pair_expect_none(&p);
    pair_hang_up(&p);
    pair_expect(&p, PH_EVENT_CLOSED, PH_OK);
    assert_int_equal(ph_connection_error(p.connection)->status, PH_ERR_CLOSED);
    pair_end(&p);
}

static void message__added_before_ready_is_sent_then(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_open(&p);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, &p), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "");
    pair_say(&p, "250-mx\r\n" PIPELINING);
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n");
    pair_say(&p, "250 queued\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_ptr_equal(p.event.message, message);
    assert_ptr_equal(p.event.user_data, &p);
    assert_int_equal(ph_result_outcome(p.event.result), PH_OUTCOME_SENT);
    pair_expect_none(&p);
    ph_message_free(message);
    pair_end(&p);
}

static void messages__are_as_many_as_there_are_slots(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_room(p.connection), 2);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_room(p.connection), 0);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_ERR_FULL);
    pair_expect_none(&p);
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    pair_say(&p, "250 queued\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_int_equal(ph_connection_room(p.connection), 1);
    ph_message_free(message);
    pair_end(&p);
}

static void refusal__is_told_with_its_error(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    pair_say(&p, "250 ok\r\n550 5.1.1 nobody\r\n503 no recipients\r\n");
    pair_expect_none(&p);
    pair_say(&p, "250 reset\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_FATAL);
    assert_int_equal(ph_connection_error(p.connection)->reply_code, 550);
    assert_ptr_equal(ph_connection_error(p.connection), ph_result_error(p.event.result));
    assert_int_equal(ph_result_refused_count(p.event.result), 1);
    ph_message_free(message);
    pair_end(&p);
}

/* The end of one message, the envelope of the next and that of one that was added only when the
 * first had ended: two messages a round trip, one write a read. */
static void replies__in_one_read_cause_one_write(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n" MAIL RCPT "DATA\r\n");
    const uint64_t round_trips = ph_connection_round_trips(p.connection);
    pair_say(&p, "250 queued\r\n" TAKEN);
    assert_string_equal(pair_heard(&p), "");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n" MAIL RCPT "DATA\r\n");
    assert_string_equal(pair_heard(&p), "");
    assert_int_equal(ph_connection_round_trips(p.connection), round_trips + 1);
    ph_message_free(message);
    pair_end(&p);
}

static void quit__waits_behind_the_messages(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_quit(p.connection), PH_OK);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_ERR_STATE);
    assert_int_equal(ph_connection_room(p.connection), 0);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL RCPT "DATA\r\n");
    pair_say(&p, TAKEN);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), HELLO ".\r\n");
    pair_say(&p, "250 queued\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "QUIT\r\n");
    pair_say(&p, "221 bye\r\n");
    pair_expect(&p, PH_EVENT_CLOSED, PH_OK);
    ph_message_free(message);
    pair_end(&p);
}

static void commands__are_for_an_idle_session(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_open(&p);
    assert_int_equal(ph_connection_noop(p.connection), PH_ERR_STATE);
    pair_say(&p, "250 mx\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    assert_int_equal(ph_connection_noop(p.connection), PH_OK);
    assert_int_equal(ph_connection_reset(p.connection), PH_ERR_STATE);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "NOOP\r\n");
    pair_say(&p, "250 ok\r\n");
    pair_expect(&p, PH_EVENT_COMMAND_DONE, PH_OK);
    assert_int_equal(ph_connection_reset(p.connection), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), "RSET\r\n");
    pair_say(&p, "502 no\r\n");
    pair_expect(&p, PH_EVENT_COMMAND_DONE, PH_ERR_SYNTAX);
    assert_int_equal(ph_reply_code(ph_connection_reply(p.connection)), 502);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_noop(p.connection), PH_ERR_STATE);
    ph_message_free(message);
    pair_end(&p);
}

/* ---- Ends ------------------------------------------------------------------------------------ */

/* One message whose end was sent, and one whose envelope was. */
static void begin_two(struct pair *p, ph_message *first, ph_message *second)
{
    assert_int_equal(ph_connection_send(p->connection, first, NULL), PH_OK);
    assert_int_equal(ph_connection_send(p->connection, second, NULL), PH_OK);
    pair_expect_none(p);
    pair_say(p, TAKEN);
    pair_expect_none(p);
}

static void check_two_ended(struct pair *p, const ph_message *first, const ph_message *second,
                            ph_status status)
{
    pair_expect(p, PH_EVENT_MESSAGE_DONE, status);
    assert_ptr_equal(p->event.message, first);
    assert_int_equal(ph_result_outcome(p->event.result), PH_OUTCOME_UNKNOWN);
    pair_expect(p, PH_EVENT_MESSAGE_DONE, status);
    assert_ptr_equal(p->event.message, second);
    assert_int_equal(ph_result_outcome(p->event.result), PH_OUTCOME_NOT_SENT);
    pair_expect(p, PH_EVENT_CLOSED, status);
    assert_int_equal(ph_connection_error(p->connection)->status, status);
    pair_expect_none(p);
}

static void close__tells_what_became_of_each_message(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *first = pair_message(&p);
    ph_message *second = pair_message(&p);
    begin_two(&p, first, second);
    ph_connection_close(p.connection);
    check_two_ended(&p, first, second, PH_ERR_CANCELLED);
    ph_message_free(first);
    ph_message_free(second);
    pair_end(&p);
}

static void lost_connection__tells_what_became_of_each_message(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *first = pair_message(&p);
    ph_message *second = pair_message(&p);
    begin_two(&p, first, second);
    pair_hang_up(&p);
    check_two_ended(&p, first, second, PH_ERR_CLOSED);
    ph_message_free(first);
    ph_message_free(second);
    pair_end(&p);
}

/* The reply that came before the end counts, though nobody had pulled it. */
static void close__forgets_no_reply(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *first = pair_message(&p);
    ph_message *second = pair_message(&p);
    begin_two(&p, first, second);
    pair_say(&p, "250 queued\r\n");
    ph_connection_close(p.connection);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_OK);
    assert_int_equal(ph_result_outcome(p.event.result), PH_OUTCOME_SENT);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_CANCELLED);
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_CANCELLED);
    ph_message_free(first);
    ph_message_free(second);
    pair_end(&p);
}

static void message__that_never_had_its_turn_says_why(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_open(&p);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_say(&p, "554 go away\r\n");
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_FATAL);
    assert_int_equal(ph_result_outcome(p.event.result), PH_OUTCOME_NOT_SENT);
    assert_non_null(strstr(ph_result_error(p.event.result)->message, "before its turn"));
    assert_non_null(strstr(ph_result_error(p.event.result)->message, "go away"));
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_FATAL);
    ph_message_free(message);
    pair_end(&p);
}

/* ---- Time ------------------------------------------------------------------------------------ */

/* What is written by next_event is waited for from then on, and not from the last process. */
static void wait__begins_when_something_is_written(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    assert_int_equal(ph_connection_deadline(p.connection, 500000), 500000); /* there is work */
    p.now_ms = 600000;
    pair_expect_none(&p);
    assert_int_equal(ph_connection_deadline(p.connection, 600000), 660000);
    assert_int_equal(ph_connection_deadline(p.connection, 650000), 660000);
    assert_int_equal(ph_connection_poll_timeout(p.connection, 650000), 10000);
    ph_message_free(message);
    pair_end(&p);
}

static void silence__teaches_to_do_without_a_feature(void **state)
{
    (void)state;
    struct pair p;
    pair_begin(&p, PIPELINING);
    ph_message *message = pair_message(&p);
    const unsigned features = ph_server_features(p.server);
    assert_true((features & PH_FEATURE_PIPELINING) != 0);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    p.now_ms += 60000;
    pair_process(&p);
    pair_expect(&p, PH_EVENT_MESSAGE_DONE, PH_ERR_READ_TIMEOUT);
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_READ_TIMEOUT);
    assert_true((ph_server_features(p.server) & PH_FEATURE_PIPELINING) == 0);
    ph_message_free(message);
    pair_end(&p);
}

/* ---- Questions ------------------------------------------------------------------------------- */

static void notice__tells_of_a_session_without_tls(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    assert_int_equal(ph_server_set_tls_mode(p.server, PH_TLS_STARTTLS_AUTO), PH_OK);
    pair_open(&p);
    assert_null(ph_connection_notice(p.connection));
    pair_say(&p, "500 EHLO what?\r\n");
    assert_string_equal(pair_heard(&p), "HELO localhost\r\n");
    pair_say(&p, "250 mx\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    assert_non_null(strstr(ph_connection_notice(p.connection), "is not encrypted"));
    pair_hang_up(&p);
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_CLOSED);
    assert_non_null(ph_connection_notice(p.connection)); /* what is told last may quote it */
    pair_end(&p);

    pair_begin(&p, PIPELINING);
    assert_null(ph_connection_notice(p.connection));
    pair_end(&p);
}

static void is_connected__from_the_dialing_to_the_end(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    assert_int_equal(ph_connection_new(p.server, p.now_ms, &p.connection), PH_OK);
    assert_false(ph_connection_is_connected(p.connection));
    pair_process(&p);
    assert_true(ph_connection_is_connected(p.connection));
    struct pollfd fds[PH_POLLFDS_MAX];
    assert_int_equal(ph_connection_pollfds(p.connection, fds), 1);
    ph_connection_close(p.connection);
    assert_false(ph_connection_is_connected(p.connection));
    assert_int_equal(ph_connection_pollfds(p.connection, fds), 0);
    pair_expect(&p, PH_EVENT_CLOSED, PH_ERR_CANCELLED);
    pair_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session__is_ready_and_ends_with_quit),
        cmocka_unit_test(quit__is_done_however_the_server_takes_it),
        cmocka_unit_test(message__added_before_ready_is_sent_then),
        cmocka_unit_test(messages__are_as_many_as_there_are_slots),
        cmocka_unit_test(refusal__is_told_with_its_error),
        cmocka_unit_test(replies__in_one_read_cause_one_write),
        cmocka_unit_test(quit__waits_behind_the_messages),
        cmocka_unit_test(commands__are_for_an_idle_session),
        cmocka_unit_test(close__tells_what_became_of_each_message),
        cmocka_unit_test(lost_connection__tells_what_became_of_each_message),
        cmocka_unit_test(close__forgets_no_reply),
        cmocka_unit_test(message__that_never_had_its_turn_says_why),
        cmocka_unit_test(wait__begins_when_something_is_written),
        cmocka_unit_test(silence__teaches_to_do_without_a_feature),
        cmocka_unit_test(notice__tells_of_a_session_without_tls),
        cmocka_unit_test(is_connected__from_the_dialing_to_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
