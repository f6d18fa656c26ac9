/* SPDX-License-Identifier: MIT */
/*
 * Messages that share a connection with one that brings it down: what befell that one is no failure
 * of theirs. They were not sent, or nobody knows, and may be sent again by another connection.
 */
#include "unit/connection/pair.h"

#include <string.h>

#define PIPELINING "250 PIPELINING\r\n"
#define CHUNKING   "250-CHUNKING\r\n250 PIPELINING\r\n"
#define TAKEN      "250 ok\r\n250 ok\r\n354 go ahead\r\n"

struct two {
    struct pair p;
    ph_message *culprit;
    ph_message *neighbour;
};

/* Both are added, the culprit first, and its envelope is on its way. */
static void begin(struct two *t)
{
    pair_begin(&t->p, PIPELINING);
    t->culprit = pair_message(&t->p);
    t->neighbour = pair_message(&t->p);
    assert_int_equal(ph_connection_send(t->p.connection, t->culprit, NULL), PH_OK);
    assert_int_equal(ph_connection_send(t->p.connection, t->neighbour, NULL), PH_OK);
    pair_expect_none(&t->p);
}

static void expect_done(struct two *t, const ph_message *message, int status, ph_outcome outcome)
{
    pair_expect(&t->p, PH_EVENT_MESSAGE_DONE, status);
    assert_ptr_equal(t->p.event.message, message);
    assert_int_equal(ph_result_outcome(t->p.event.result), outcome);
}

/* The neighbour lost its connection, and its sentence says to whom. */
static void expect_loss(struct two *t, const char *reason)
{
    expect_done(t, t->neighbour, PH_ERR_CLOSED, PH_OUTCOME_NOT_SENT);
    const ph_error *error = ph_result_error(t->p.event.result);
    assert_non_null(strstr(error->message, "because of another message"));
    assert_non_null(strstr(error->message, reason));
    assert_int_equal(error->reply_code, 0); /* nobody refused it */
}

static void end(struct two *t)
{
    ph_message_free(t->culprit);
    ph_message_free(t->neighbour);
    pair_end(&t->p);
}

static int fail_to_read(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)n;
    (void)user_data;
    return -1;
}

static void source_that_fails__is_not_the_neighbours(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    assert_int_equal(ph_message_set_content_callback(t.culprit, fail_to_read, NULL), PH_OK);
    pair_say(&t.p, TAKEN);
    expect_done(&t, t.culprit, PH_ERR_SOURCE, PH_OUTCOME_NOT_SENT);
    expect_loss(&t, "its callback failed");
    pair_expect(&t.p, PH_EVENT_CLOSED, PH_ERR_SOURCE);
    end(&t);
}

static void content_that_breaks_its_word__is_not_the_neighbours(void **state)
{
    (void)state;
    struct two t;
    begin(&t);
    assert_int_equal(ph_message_set_body_type(t.culprit, PH_BODY_7BIT), PH_OK);
    assert_int_equal(ph_message_set_content(t.culprit, "\xe4\r\n", 3), PH_OK);
    pair_say(&t.p, TAKEN);
    expect_done(&t, t.culprit, PH_ERR_SOURCE, PH_OUTCOME_NOT_SENT);
    expect_loss(&t, "beyond 7 bits");
    end(&t);
}

/* Never ends: more than the sockets take at once. */
static int read_on(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)user_data;
    memset(buffer, 'x', size);
    *n = size;
    return 0;
}

static void begin_endless(struct two *t)
{
    begin(t);
    assert_int_equal(ph_message_set_content_callback(t->culprit, read_on, NULL), PH_OK);
    pair_say(&t->p, TAKEN);
    pair_expect_none(&t->p);
}

static void refusal_of_content__is_not_the_neighbours(void **state)
{
    (void)state;
    struct two t;
    begin_endless(&t);
    pair_say(&t.p, "552 5.3.4 too big\r\n");
    expect_done(&t, t.culprit, PH_ERR_FATAL, PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_result_error(t.p.event.result)->reply_code, 552);
    expect_loss(&t, "too big");
    pair_expect(&t.p, PH_EVENT_CLOSED, PH_ERR_FATAL);
    end(&t);
}

/* That is the server's last word on the session (RFC 5321 section 3.8), not on a message. */
static void end_of_service__concerns_all(void **state)
{
    (void)state;
    struct two t;
    begin_endless(&t);
    pair_say(&t.p, "421 4.3.2 shutting down\r\n");
    expect_done(&t, t.culprit, PH_ERR_SERVER_BUSY, PH_OUTCOME_NOT_SENT);
    expect_done(&t, t.neighbour, PH_ERR_SERVER_BUSY, PH_OUTCOME_NOT_SENT);
    end(&t);
}

/* In a window the neighbour may have left to its end before. */
static void neighbour_that_was_sent__is_unknown(void **state)
{
    (void)state;
    struct two t;
    pair_init(&t.p);
    assert_int_equal(ph_server_set_window(t.p.server, 4, 1 << 20), PH_OK);
    pair_open(&t.p);
    pair_say(&t.p, "250-mx.example.net\r\n" CHUNKING);
    pair_expect(&t.p, PH_EVENT_READY, PH_OK);
    t.neighbour = pair_message(&t.p);
    t.culprit = pair_message(&t.p);
    assert_int_equal(ph_message_set_body_type(t.culprit, PH_BODY_7BIT), PH_OK);
    assert_int_equal(ph_message_set_content(t.culprit, "\xe4\r\n", 3), PH_OK);
    assert_int_equal(ph_connection_send(t.p.connection, t.neighbour, NULL), PH_OK);
    pair_expect_none(&t.p);
    assert_int_equal(ph_connection_send(t.p.connection, t.culprit, NULL), PH_OK);
    expect_done(&t, t.neighbour, PH_ERR_CLOSED, PH_OUTCOME_UNKNOWN);
    expect_done(&t, t.culprit, PH_ERR_SOURCE, PH_OUTCOME_NOT_SENT);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source_that_fails__is_not_the_neighbours),
        cmocka_unit_test(content_that_breaks_its_word__is_not_the_neighbours),
        cmocka_unit_test(refusal_of_content__is_not_the_neighbours),
        cmocka_unit_test(end_of_service__concerns_all),
        cmocka_unit_test(neighbour_that_was_sent__is_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
