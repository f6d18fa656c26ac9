/* SPDX-License-Identifier: MIT */
/* The limits that a session keeps against servers, and for its own sake. */
#include <stdlib.h>
#include <string.h>

#include "protocol/command_line.h"
#include "protocol/session.h"
#include "protocol/session_state.h"
#include "unit/base/test.h"
#include "unit/protocol/peer.h"

static void replies__beyond_the_limits_break_the_session(void **state)
{
    (void)state;
    static const struct ph__reply_limits limits = {.line_max = 40, .lines_max = 4, .total_max = 60};
    static const struct {
        const char *reply;
        int status;
        const char *sentence;
        const char *note;
    } rows[] = {
        {"250-a\r\n250-b\r\n250-c\r\n250 d\r\n", PH_OK, "", "the most lines"},
        {"250-a\r\n250-b\r\n250-c\r\n250-d\r\n250 e\r\n", PH_ERR_PROTOCOL, "too many lines",
         "a line more"},
        {"250 7890123456789012345678901234567890123\r\n", PH_ERR_PROTOCOL, "an over-long line",
         "a line of 41 bytes"},
        {"250-789012345678901234567890123456789012\r\n250 78901234567890123456\r\n",
         PH_ERR_PROTOCOL, "an over-long reply", "two lines of 64 bytes"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct peer peer;
        test_allocator_init(&peer.memory);
        peer_init_with(&peer, &limits);
        peer_open(&peer, "250 mx\r\n");
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
        (void)peer_takes(&peer);
        (void)peer_says(&peer, rows[i].reply);
        CHECK(peer.event.status == rows[i].status, rows[i].note);
        CHECK(peer.event.type == (rows[i].status ? PH__EVENT_FAILED : PH__EVENT_COMMAND_DONE),
              rows[i].note);
        CHECK(strstr(ph__session_error(peer.session)->view->message, rows[i].sentence),
              rows[i].note);
        peer_release(&peer);
    }
}

static void receive__what_nobody_pulls_is_bounded(void **state)
{
    (void)state;
    static char flood[64 * 1024];
    struct peer peer;
    memset(flood, '\n', sizeof flood);
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
    (void)peer_takes(&peer);
    assert_int_equal(ph__session_receive(peer.session, "250 ok\r\n", 8), PH_OK);
    for (size_t fed = 0; fed < ph__input_max; fed += sizeof flood)
        assert_int_equal(ph__session_receive(peer.session, flood, sizeof flood), PH_OK);
    assert_int_equal(ph__session_receive(peer.session, flood, 1), PH_ERR_PROTOCOL);
    assert_int_equal(peer_says(&peer, ""), PH_ERR_PROTOCOL);
    assert_int_equal(peer.event.type, PH__EVENT_FAILED);
    assert_non_null(strstr(ph__session_error(peer.session)->view->message, "sends without end"));
    peer_release(&peer);
}

static void receive__keeps_nothing_but_what_stands_behind_an_event(void **state)
{
    (void)state;
    struct peer peer;
    struct ph__event event;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
    (void)peer_takes(&peer);
    assert_int_equal(ph__session_receive(peer.session, "250 o", 5), PH_OK);
    assert_null(peer.session->input.bytes);
    assert_int_equal(ph__session_receive(peer.session, "k\r\n421 bye\r\n", 12), PH_OK);
    assert_int_equal(peer.session->input.length, 9);
    assert_true(ph__session_next_event(peer.session, &event));
    assert_int_equal(event.type, PH__EVENT_COMMAND_DONE);
    assert_int_equal(event.status, PH_OK);
    assert_true(ph__session_next_event(peer.session, &event));
    assert_int_equal(event.type, PH__EVENT_FAILED);
    assert_int_equal(event.status, PH_ERR_SERVER_BUSY);
    peer_release(&peer);
}

/* RFC 2920 section 3.1: neither side's buffers may fill up with what nobody reads. */
static void send__in_flight_are_never_more_than_the_queue_holds(void **state)
{
    (void)state;
    enum {
        n = 1000
    };
    struct peer peer;
    struct message message;
    static char replies[n * 8];
    size_t sent_recipients = 0;
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 PIPELINING\r\n");
    message_init(&message, PH_RCPT_ALL, n);
    assert_int_equal(message_submit(&message, peer.session), PH_OK);
    size_t answered = 0;
    for (int round = 0; round < n && sent_recipients < n; round++) {
        const char *sent = peer_takes(&peer);
        size_t in_flight = 0;
        for (const char *line = sent; (line = strstr(line, "\r\n")) != NULL; line += 2)
            in_flight++;
        assert_true(in_flight > 0 && in_flight <= ph__queue_size_max);
        assert_null(strstr(sent, "DATA")); /* the policy wants all answers first */
        sent_recipients += in_flight - (round == 0 ? 1 : 0);
        replies[0] = '\0';
        for (size_t i = 0; i < in_flight; i++)
            strcat(replies, "250 ok\r\n");
        answered += in_flight;
        assert_int_equal(peer_says(&peer, replies), PH_OK);
    }
    assert_int_equal(answered, n + 1);
    assert_string_equal(peer_takes(&peer), "DATA\r\n");
    for (size_t i = 0; i < (size_t)n; i++)
        assert_int_equal(ph_result_recipient_state(message.result, i), PH_RECIPIENT_ACCEPTED);
    message_release(&message);
    peer_release(&peer);
}

static void command__the_longest_line_is_sent(void **state)
{
    (void)state;
    char *line = malloc(ph__command_line_max + 1);
    assert_non_null(line);
    memset(line, 'x', ph__command_line_max);
    line[ph__command_line_max] = '\0';
    struct peer peer;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_RAW, line), PH_OK);
    assert_int_equal(strlen(peer_takes(&peer)), ph__command_line_max + 2);
    assert_int_equal(peer_says(&peer, "500 line too long\r\n"), PH_OK);
    assert_int_equal(peer.event.type, PH__EVENT_COMMAND_DONE);
    peer_release(&peer);
    free(line);
}

/* ---- A mechanism of as many bytes as it is told -----------------------------------------------
 */

struct sizes {
    size_t response;  /* how many bytes it answers with */
    size_t challenge; /* receives how many bytes it was asked with */
};

static int sized_start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    *exchange = user_data;
    return PH_OK;
}

static int sized_step(void *exchange, const void *challenge, size_t n,
                      ph_mechanism_response *response)
{
    (void)challenge;
    struct sizes *sizes = exchange;
    sizes->challenge = n;
    int status = PH_OK;
    for (size_t i = 0; i < sizes->response && status == PH_OK; i++)
        status = ph_mechanism_respond(response, "x", 1);
    return status;
}

static void sized_finish(void *exchange)
{
    (void)exchange;
}

static int authenticate_sized(struct peer *peer, struct sizes *sizes, unsigned flags)
{
    const ph_mechanism mechanism = {"SIZED", flags, sized_start, sized_step, sized_finish, sizes};
    static ph_mechanism kept;
    kept = mechanism;
    const struct ph__login login = {.mechanism = &kept,
                                    .credentials = {.user = "u", .secret = "s", .host = "mx"}};
    return ph__session_authenticate(peer->session, &login);
}

/* RFC 4954 section 4: 12288 octets of base64 are 9216 bytes. */
static void auth__the_longest_response_is_sent_and_a_longer_one_given_up(void **state)
{
    (void)state;
    struct peer peer;
    struct sizes sizes = {.response = 9216};
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 AUTH SIZED\r\n");
    assert_int_equal(authenticate_sized(&peer, &sizes, PH_MECHANISM_CLIENT_FIRST), PH_OK);
    assert_int_equal(strlen(peer_takes(&peer)), strlen("AUTH SIZED ") + 12288 + 2);
    assert_int_equal(peer_says(&peer, "334 \r\n"), PH_OK);
    assert_int_equal(strlen(peer_takes(&peer)), 12288 + 2);
    sizes.response = 9217;
    assert_int_equal(peer_says(&peer, "334 \r\n"), PH_OK);
    assert_string_equal(peer_takes(&peer), "*\r\n");
    assert_int_equal(peer_says(&peer, "501 cancelled\r\n"), PH_OK);
    assert_int_equal(peer.event.status, PH_ERR_ARGUMENT);
    assert_int_equal(authenticate_sized(&peer, &sizes, PH_MECHANISM_CLIENT_FIRST), PH_ERR_ARGUMENT);
    assert_string_equal(peer_takes(&peer), "");
    peer_release(&peer);
}

static void auth__an_empty_first_response_is_an_equals_sign(void **state)
{
    (void)state;
    struct peer peer;
    struct sizes sizes = {.response = 0};
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 AUTH SIZED\r\n");
    assert_int_equal(authenticate_sized(&peer, &sizes, PH_MECHANISM_CLIENT_FIRST), PH_OK);
    assert_string_equal(peer_takes(&peer), "AUTH SIZED =\r\n");
    assert_int_equal(peer_says(&peer, "334\r\n"), PH_OK);
    assert_string_equal(peer_takes(&peer), "\r\n"); /* and a later one an empty line */
    peer_release(&peer);
}

static void auth__challenges_are_decoded_or_taken_as_words(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        size_t n;
        const char *note;
    } rows[] = {
        {"334 \r\n", 0, "nothing"},
        {"334\r\n", 0, "no text"},
        {"334 VXNlcm5hbWU6\r\n", 9, "base64"},
        {"334 Username:\r\n", 9, "plain words"},
        {"334-YWJj\r\n334 ZGVm\r\n", 3, "the first of two lines"},
    };
    struct peer peer;
    struct sizes sizes = {.response = 1};
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 AUTH SIZED\r\n");
    assert_int_equal(authenticate_sized(&peer, &sizes, 0), PH_OK);
    for (size_t i = 0; i < ROWS(rows); i++) {
        (void)peer_takes(&peer);
        sizes.challenge = 99;
        assert_int_equal(peer_says(&peer, rows[i].reply), PH_OK);
        CHECK(sizes.challenge == rows[i].n, rows[i].note);
    }
    peer_release(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies__beyond_the_limits_break_the_session),
        cmocka_unit_test(receive__what_nobody_pulls_is_bounded),
        cmocka_unit_test(receive__keeps_nothing_but_what_stands_behind_an_event),
        cmocka_unit_test(send__in_flight_are_never_more_than_the_queue_holds),
        cmocka_unit_test(command__the_longest_line_is_sent),
        cmocka_unit_test(auth__the_longest_response_is_sent_and_a_longer_one_given_up),
        cmocka_unit_test(auth__an_empty_first_response_is_an_equals_sign),
        cmocka_unit_test(auth__challenges_are_decoded_or_taken_as_words),
    };
    return cmocka_run_group_tests_name("protocol/session: limits", tests, NULL, NULL);
}
