/* SPDX-License-Identifier: MIT */
/*
 * Servers that fall silent, or do not know what they offer: what they stumbled over is not used in
 * the sessions that follow, and nothing else is given up for it.
 */
#include "unit/connection/pair.h"

#include <string.h>

#define ALL_FEATURES (PH_FEATURE_PIPELINING | PH_FEATURE_CHUNKING | PH_FEATURE_OVERLAP)
#define OFFERS       "250-CHUNKING\r\n250 PIPELINING\r\n"
/* What must be changed goes in small chunks, which fit into the packets of these sockets. */
#define LINE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\n"

enum {
    read_timeout_ms = 60000,
    hour_ms = 3600000
};

struct stall {
    struct pair p;
    ph_message *messages[2];
    char large[5000 * (sizeof LINE - 1)]; /* several chunks */
};

static void begin(struct stall *s, size_t count)
{
    pair_begin(&s->p, OFFERS);
    for (size_t i = 0; i < sizeof s->large; i++)
        s->large[i] = LINE[i % (sizeof LINE - 1)];
    for (size_t i = 0; i < 2; i++) {
        s->messages[i] = pair_message(&s->p);
        if (i < count)
            assert_int_equal(ph_connection_send(s->p.connection, s->messages[i], NULL), PH_OK);
    }
}

static void end(struct stall *s)
{
    for (size_t i = 0; i < 2; i++)
        ph_message_free(s->messages[i]);
    pair_end(&s->p);
}

/* Nothing comes until the time limit has passed. */
static void wait_in_vain(struct stall *s)
{
    pair_expect_none(&s->p);
    s->p.now_ms += read_timeout_ms;
    pair_process(&s->p);
    pair_expect(&s->p, PH_EVENT_MESSAGE_DONE, PH_ERR_READ_TIMEOUT);
}

static void hear_all(struct stall *s)
{
    while (*pair_heard(&s->p) != '\0')
        continue;
}

static void silence_in_a_group__costs_pipelining(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 1);
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_PIPELINING);
    pair_begin_again(&s.p, OFFERS);
    assert_int_equal(ph_connection_send(s.p.connection, s.messages[0], NULL), PH_OK);
    pair_expect_none(&s.p);
    assert_string_equal(pair_heard(&s.p), MAIL);
    assert_string_equal(pair_heard(&s.p), "");
    end(&s);
}

static void silence_at_a_chunk__costs_chunking(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 1);
    pair_expect_none(&s.p);
    pair_say(&s.p, "250 ok\r\n250 ok\r\n");
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_CHUNKING);
    pair_begin_again(&s.p, OFFERS);
    assert_int_equal(ph_connection_send(s.p.connection, s.messages[0], NULL), PH_OK);
    pair_expect_none(&s.p);
    assert_string_equal(pair_heard(&s.p), MAIL RCPT "DATA\r\n");
    end(&s);
}

/* Content of several chunks, of which as many leave as the sockets take. */
static void begin_chunks(struct stall *s)
{
    begin(s, 1);
    assert_int_equal(ph_message_set_content(s->messages[0], s->large, sizeof s->large), PH_OK);
    pair_expect_none(&s->p);
    pair_say(&s->p, "250 ok\r\n250 ok\r\n");
}

/* Several chunks of one message in flight are no pipelined commands. */
static void silence_at_one_of_several_chunks__costs_chunking_alone(void **state)
{
    (void)state;
    struct stall s;
    begin_chunks(&s);
    for (int i = 0; i < 100; i++) {
        hear_all(&s);
        pair_process(&s.p);
    }
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_CHUNKING);
    end(&s);
}

/* A server that stops reading within a chunk is one that cannot take it. */
static void chunk_that_is_not_taken__costs_chunking(void **state)
{
    (void)state;
    struct stall s;
    begin_chunks(&s);
    pair_expect_none(&s.p);
    s.p.now_ms += read_timeout_ms;
    pair_process(&s.p);
    pair_expect(&s.p, PH_EVENT_MESSAGE_DONE, PH_ERR_WRITE_TIMEOUT);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_CHUNKING);
    end(&s);
}

/* It answers MAIL, and has thrown away what came with it: RCPT alone is in flight then, since BDAT
 * waits for its reply. */
static void input_that_is_thrown_away__costs_pipelining(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 1);
    pair_expect_none(&s.p);
    assert_string_equal(pair_heard(&s.p), MAIL RCPT);
    pair_say(&s.p, "250 ok\r\n");
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_PIPELINING);
    end(&s);
}

/* A server that takes long for content is no worse at pipelining. */
static void silence_at_the_end_of_data__costs_no_pipelining(void **state)
{
    (void)state;
    struct stall s;
    pair_begin(&s.p, "250 PIPELINING\r\n");
    for (size_t i = 0; i < 2; i++) {
        s.messages[i] = pair_message(&s.p);
        assert_int_equal(ph_connection_send(s.p.connection, s.messages[i], NULL), PH_OK);
    }
    pair_expect_none(&s.p);
    pair_say(&s.p, "250 ok\r\n250 ok\r\n354 go ahead\r\n");
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_OVERLAP);
    end(&s);
}

/* Content that is read as commands gets replies that nobody may believe. */
static void chunk_that_is_no_command__costs_chunking(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 2);
    pair_expect_none(&s.p);
    pair_say(&s.p, "250 ok\r\n250 ok\r\n");
    pair_expect_none(&s.p);
    pair_say(&s.p, "500 5.5.1 BDAT?\r\n500 5.5.1 Subject:?\r\n");
    pair_expect(&s.p, PH_EVENT_MESSAGE_DONE, PH_ERR_PROTOCOL);
    assert_int_equal(ph_result_outcome(s.p.event.result), PH_OUTCOME_NOT_SENT);
    pair_expect(&s.p, PH_EVENT_MESSAGE_DONE, PH_ERR_CLOSED);
    assert_int_equal(ph_result_outcome(s.p.event.result), PH_OUTCOME_NOT_SENT);
    pair_expect(&s.p, PH_EVENT_CLOSED, PH_ERR_PROTOCOL);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_CHUNKING);
    end(&s);
}

static void silence_at_the_next_envelope__costs_overlap(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 2);
    pair_expect_none(&s.p);
    pair_say(&s.p, "250 ok\r\n250 ok\r\n");
    wait_in_vain(&s);
    assert_int_equal(ph_server_features(s.p.server), PH_FEATURE_PIPELINING);
    end(&s);
}

static void silence_at_a_lone_command__costs_nothing(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 0);
    assert_int_equal(ph_connection_noop(s.p.connection), PH_OK);
    pair_expect_none(&s.p);
    s.p.now_ms += read_timeout_ms;
    pair_process(&s.p);
    pair_expect(&s.p, PH_EVENT_CLOSED, PH_ERR_READ_TIMEOUT);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES);
    end(&s);
}

/* One bad hour must not make every later one slow. */
static void stall__is_forgotten_after_an_hour(void **state)
{
    (void)state;
    struct stall s;
    begin(&s, 1);
    wait_in_vain(&s);
    s.p.now_ms += hour_ms - 1;
    pair_begin_again(&s.p, OFFERS);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES & ~PH_FEATURE_PIPELINING);
    s.p.now_ms++;
    pair_begin_again(&s.p, OFFERS);
    assert_int_equal(ph_server_features(s.p.server), ALL_FEATURES);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_in_a_group__costs_pipelining),
        cmocka_unit_test(silence_at_a_chunk__costs_chunking),
        cmocka_unit_test(silence_at_one_of_several_chunks__costs_chunking_alone),
        cmocka_unit_test(chunk_that_is_not_taken__costs_chunking),
        cmocka_unit_test(input_that_is_thrown_away__costs_pipelining),
        cmocka_unit_test(silence_at_the_end_of_data__costs_no_pipelining),
        cmocka_unit_test(chunk_that_is_no_command__costs_chunking),
        cmocka_unit_test(silence_at_the_next_envelope__costs_overlap),
        cmocka_unit_test(silence_at_a_lone_command__costs_nothing),
        cmocka_unit_test(stall__is_forgotten_after_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
