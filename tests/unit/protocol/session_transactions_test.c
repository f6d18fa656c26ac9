/* SPDX-License-Identifier: MIT */
/* Several transactions under way, with a server whose replies come when nobody expects them. What
 * servers that keep to the rules say is in tests/dialogues. */
#include "unit/base/test.h"

#include <string.h>

#include "unit/protocol/peer.h"

#define CHUNKS  "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n"
#define MAIL    "MAIL FROM:<a@example.org>\r\n"
#define RCPT    "RCPT TO:<r0@example.org>\r\n"
#define CONTENT "hi\r\n"

enum {
    messages = 3
};

struct fixture {
    struct peer peer;
    struct message messages[messages];
};

static void begin_with_window(struct fixture *fixture, uint32_t window)
{
    struct ph__session_start start = plain_start;
    start.window = window;
    start.window_bytes = 1000;
    peer_init(&fixture->peer);
    assert_int_equal(ph__session_begin(fixture->peer.session, &start), PH_OK);
    assert_int_equal(peer_says(&fixture->peer, "220 mx\r\n"), PH_OK);
    (void)peer_takes(&fixture->peer);
    assert_int_equal(peer_says(&fixture->peer, CHUNKS), PH_OK);
    for (size_t i = 0; i < messages; i++)
        message_init(&fixture->messages[i], PH_RCPT_ALL, 1);
}

static void begin(struct fixture *fixture)
{
    begin_with_window(fixture, 1);
}

static void end(struct fixture *fixture)
{
    for (size_t i = 0; i < messages; i++)
        message_release(&fixture->messages[i]);
    peer_release(&fixture->peer);
}

static void submit(struct fixture *fixture, size_t number)
{
    struct message *message = &fixture->messages[number];
    const struct ph__outgoing outgoing = {.envelope = &message->envelope,
                                          .result = message->result,
                                          .tag = message,
                                          .is_repeatable = true};
    assert_int_equal(ph__session_send(fixture->peer.session, &outgoing), PH_OK);
}

static void lend(struct fixture *fixture)
{
    ph__session_content(fixture->peer.session, CONTENT, strlen(CONTENT), true);
}

static void send_to_its_end(struct fixture *fixture)
{
    struct peer *peer = &fixture->peer;
    submit(fixture, 0);
    assert_string_equal(peer_takes(peer), MAIL RCPT);
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n"), PH_OK);
    ph__session_content(peer->session, CONTENT, strlen(CONTENT), true);
    assert_string_equal(peer_takes(peer), "BDAT 4 LAST\r\n" CONTENT);
}

static void refused_content__is_reset_in_one_flight_with_the_next_envelope(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    send_to_its_end(&fixture);
    submit(&fixture, 1); /* queued, and not written before the reply */
    assert_int_equal(peer_says(&fixture.peer, "552 too large\r\n"), PH_OK);
    assert_string_equal(peer_takes(&fixture.peer), "RSET\r\n" MAIL RCPT);
    assert_int_equal(peer_says(&fixture.peer, "250 ok\r\n"), PH_OK);
    assert_ptr_equal(fixture.peer.event.tag, &fixture.messages[0]);
    assert_string_equal(peer_takes(&fixture.peer), "");
    end(&fixture);
}

/* The server refuses the first part of the content, and takes the last. */
static void refuse_a_part_and_take_the_end(struct fixture *fixture)
{
    struct peer *peer = &fixture->peer;
    submit(fixture, 0);
    (void)peer_takes(peer);
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n"), PH_OK);
    ph__session_content(peer->session, CONTENT, strlen(CONTENT), false);
    assert_string_equal(peer_takes(peer), "BDAT 4\r\n" CONTENT);
    ph__session_content(peer->session, CONTENT, strlen(CONTENT), true);
    assert_string_equal(peer_takes(peer), "BDAT 4 LAST\r\n" CONTENT);
    assert_int_equal(peer_says(peer, "452 disk full\r\n250 queued\r\n"), PH_OK);
    assert_string_equal(peer_takes(peer), "RSET\r\n");
}

static void end_that_is_taken__behind_a_refused_part_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    refuse_a_part_and_take_the_end(&fixture);
    assert_int_equal(peer_says(&fixture.peer, "250 ok\r\n"), PH_OK);
    assert_int_equal(fixture.peer.event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(fixture.peer.event.status, PH_ERR_PROTOCOL);
    assert_int_equal(ph_result_outcome(fixture.messages[0].result), PH_OUTCOME_UNKNOWN);
    const ph_error *error = ph_result_error(fixture.messages[0].result);
    assert_int_equal(error->outcome, PH_OUTCOME_UNKNOWN);
    assert_non_null(strstr(error->message, "452 disk full"));
    end(&fixture);
}

static void unknown_outcome__stays_when_the_session_breaks(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    refuse_a_part_and_take_the_end(&fixture);
    assert_int_equal(peer_says(&fixture.peer, "nonsense\r\n"), PH_ERR_PROTOCOL);
    assert_int_equal(fixture.peer.event.type, PH__EVENT_FAILED);
    assert_int_equal(ph_result_outcome(fixture.messages[0].result), PH_OUTCOME_UNKNOWN);
    assert_int_equal(ph_result_error(fixture.messages[0].result)->outcome, PH_OUTCOME_UNKNOWN);
    end(&fixture);
}

/* The first is refused; the server holds on to it, so that the second must be sent anew and the
 * third, which is cancelled, is to be reset, too. */
static void message_sent_anew__is_not_sent_a_third_time_by_another_reset(void **state)
{
    (void)state;
    struct fixture fixture;
    struct peer *peer = &fixture.peer;
    begin_with_window(&fixture, messages);
    for (size_t i = 0; i < messages; i++) {
        submit(&fixture, i);
        (void)peer_takes(peer);
        if (i + 1 == messages)
            break; /* its content is not there yet */
        lend(&fixture);
        assert_string_equal(peer_takes(peer), "BDAT 4 LAST\r\n" CONTENT);
    }
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n452 disk full\r\n"
                                     "502 no RSET\r\n503 nested\r\n250 ok\r\n503 no\r\n"
                                     "502 no RSET\r\n503 nested\r\n250 ok\r\n"),
                     PH_OK);
    assert_int_equal(ph__session_cancel(peer->session, &fixture.messages[2]), PH_OK);
    assert_string_equal(peer_takes(peer), "RSET\r\nRSET\r\n");
    assert_int_equal(peer_says(peer, "250 ok\r\n"), PH_OK);
    (void)peer_takes(peer);
    lend(&fixture);
    assert_string_equal(peer_takes(peer), "BDAT 4 LAST\r\n" CONTENT);
    assert_int_equal(peer_says(peer, "250 ok\r\n"), PH_OK);
    assert_string_equal(peer_takes(peer), "");
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n250 queued\r\n"), PH_OK);
    assert_int_equal(ph_result_outcome(fixture.messages[1].result), PH_OUTCOME_SENT);
    end(&fixture);
}

/* DATA in a transaction that the caller began. */
static void data_alone__stays_when_a_message_behind_it_is_cancelled(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    struct peer *peer = &fixture.peer;
    assert_int_equal(ph__session_data(peer->session, fixture.messages[0].result), PH_OK);
    submit(&fixture, 1);
    assert_int_equal(ph__session_cancel(peer->session, &fixture.messages[1]), PH_OK);
    assert_string_equal(peer_takes(peer), "DATA\r\n");
    end(&fixture);
}

/* The dot alone would deliver an empty message to the caller's recipients. */
static void data_alone__cancelled_before_its_354_ends_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    struct peer *peer = &fixture.peer;
    assert_int_equal(ph__session_data(peer->session, fixture.messages[0].result), PH_OK);
    assert_string_equal(peer_takes(peer), "DATA\r\n");
    assert_int_equal(ph__session_cancel(peer->session, NULL), PH_OK);
    assert_int_equal(peer_says(peer, "354 go ahead\r\n"), PH_ERR_CANCELLED);
    assert_string_equal(peer_takes(peer), "");
    assert_int_equal(peer->event.type, PH__EVENT_FAILED);
    assert_int_equal(ph_result_outcome(fixture.messages[0].result), PH_OUTCOME_NOT_SENT);
    end(&fixture);
}

static void dismissed_session__sends_nothing_and_ends_for_the_next_message(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    send_to_its_end(&fixture);
    submit(&fixture, 1);
    assert_int_equal(peer_says(&fixture.peer, "421 4.3.2 closing\r\n"), PH_OK);
    assert_string_equal(peer_takes(&fixture.peer), "");
    assert_int_equal(fixture.peer.n_events, 2); /* the message, and the session */
    assert_int_equal(fixture.peer.event.type, PH__EVENT_FAILED);
    assert_int_equal(ph_result_error(fixture.messages[0].result)->reply_code, 421);
    assert_int_equal(ph_result_error(fixture.messages[1].result)->status, PH_ERR_CLOSED);
    assert_int_equal(ph_result_outcome(fixture.messages[1].result), PH_OUTCOME_NOT_SENT);
    end(&fixture);
}

static void dismissed_session__takes_no_command(void **state)
{
    (void)state;
    struct fixture fixture;
    struct ph__event event;
    begin(&fixture);
    send_to_its_end(&fixture);
    assert_int_equal(ph__session_receive(fixture.peer.session, "421 bye\r\n", 9), PH_OK);
    assert_true(ph__session_next_event(fixture.peer.session, &event));
    assert_int_equal(event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(event.status, PH_ERR_SERVER_BUSY);
    assert_int_equal(ph__session_command(fixture.peer.session, PH__SINGLE_NOOP, NULL),
                     PH_ERR_BROKEN);
    end(&fixture);
}

/* However few commands the queue has room for at first. */
static void next_envelope__leaves_behind_the_last_of_several_chunks(void **state)
{
    (void)state;
    static char lines[40 * 1024]; /* line ends to be mended: chunks of 32 KiB */
    struct fixture fixture;
    struct peer *peer = &fixture.peer;
    memset(lines, '\n', sizeof lines);
    begin(&fixture);
    submit(&fixture, 0);
    submit(&fixture, 1);
    assert_string_equal(peer_takes(peer), MAIL RCPT);
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n"), PH_OK);
    ph__session_content(peer->session, lines, sizeof lines, true);
    const char *sent = peer_takes(peer);
    assert_memory_equal(sent, "BDAT 65536\r\n", 12);
    const char *last = strstr(sent, "BDAT 16384 LAST\r\n");
    assert_non_null(last);
    assert_string_equal(last + strlen("BDAT 16384 LAST\r\n") + 16384, MAIL RCPT);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_content__is_reset_in_one_flight_with_the_next_envelope),
        cmocka_unit_test(end_that_is_taken__behind_a_refused_part_leaves_the_outcome_unknown),
        cmocka_unit_test(unknown_outcome__stays_when_the_session_breaks),
        cmocka_unit_test(message_sent_anew__is_not_sent_a_third_time_by_another_reset),
        cmocka_unit_test(data_alone__stays_when_a_message_behind_it_is_cancelled),
        cmocka_unit_test(data_alone__cancelled_before_its_354_ends_nothing),
        cmocka_unit_test(dismissed_session__sends_nothing_and_ends_for_the_next_message),
        cmocka_unit_test(dismissed_session__takes_no_command),
        cmocka_unit_test(next_envelope__leaves_behind_the_last_of_several_chunks),
    };
    return cmocka_run_group_tests_name("protocol/session: transactions", tests, NULL, NULL);
}
