/* SPDX-License-Identifier: MIT */
/* What dialogues cannot show of a session: misuse, what a broken one does, determinism. */
#include "protocol/session.h"

#include <stdio.h>
#include <string.h>

#include "unit/base/test.h"
#include "unit/protocol/peer.h"

/* ---- Misuse ---------------------------------------------------------------------------------- */

/* Tries every operation. Each must return `expected`, and nothing may be sent. */
static void try_all(struct peer *peer, int expected)
{
    struct ph__session *session = peer->session;
    struct message message;
    message_init(&message, PH_RCPT_ALL, 1);
    ph_address *address = message.envelope.recipients[0];
    assert_int_equal(ph__session_command(session, PH__SINGLE_NOOP, NULL), expected);
    assert_int_equal(ph__session_command(session, PH__SINGLE_RAW, "XYZ"), expected);
    assert_int_equal(ph__session_mail(session, address), expected);
    assert_int_equal(ph__session_rcpt(session, address), expected);
    assert_int_equal(peer_authenticates(peer), expected);
    assert_int_equal(message_submit(&message, session), expected);
    assert_int_equal(ph_result_error(message.result)->status, expected);
    assert_int_equal(ph__session_data(session, message.result), expected);
    assert_string_equal(peer_takes(peer), "");
    message_release(&message);
}

static void operations__before_the_session_began_are_refused(void **state)
{
    (void)state;
    struct peer peer;
    peer_init(&peer);
    try_all(&peer, PH_ERR_STATE);
    assert_int_equal(ph__session_tls_started(peer.session), PH_ERR_STATE);
    peer_open(&peer, "250 mx\r\n"); /* and did no harm */
    peer_release(&peer);
}

static void operations__while_another_is_under_way_are_refused(void **state)
{
    (void)state;
    struct peer peer;
    peer_init(&peer);
    assert_int_equal(ph__session_begin(peer.session, &plain_start), PH_OK);
    try_all(&peer, PH_ERR_STATE); /* the greeting is awaited */
    assert_int_equal(ph__session_begin(peer.session, &plain_start), PH_ERR_STATE);
    assert_int_equal(peer_says(&peer, "220 mx\r\n"), PH_OK);
    assert_string_equal(peer_takes(&peer), "EHLO client.example.org\r\n");
    try_all(&peer, PH_ERR_STATE); /* the reply to EHLO is */
    assert_int_equal(peer_says(&peer, "250 mx\r\n"), PH_OK);
    assert_int_equal(ph__session_begin(peer.session, &plain_start), PH_ERR_STATE);
    assert_int_equal(ph__session_tls_started(peer.session), PH_ERR_STATE);

    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_VRFY, "a"), PH_OK);
    assert_string_equal(peer_takes(&peer), "VRFY a\r\n");
    try_all(&peer, PH_ERR_STATE);
    assert_int_equal(peer_says(&peer, "252 maybe\r\n"), PH_OK);
    assert_int_equal(peer.event.type, PH__EVENT_COMMAND_DONE);
    assert_int_equal(peer.event.status, PH_OK);
    peer_release(&peer);
}

/* What is refused out of turn must leave the failure of the message under way as it was. */
static void operations__refused_out_of_turn_keep_the_failure_under_way(void **state)
{
    (void)state;
    static const struct {
        ph_recipient_policy policy;
        const char *note;
    } rows[] = {{PH_RCPT_ALL, "all"}, {PH_RCPT_ANY, "any"}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct peer peer;
        struct message message;
        peer_init(&peer);
        peer_open(&peer, "250 mx\r\n");
        message_init(&message, rows[i].policy, 2);
        assert_int_equal(message_submit(&message, peer.session), PH_OK);
        (void)peer_takes(&peer);
        assert_int_equal(peer_says(&peer, "250 ok\r\n"), PH_OK);
        (void)peer_takes(&peer);
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_ERR_STATE);
        assert_int_equal(peer_says(&peer, "550 5.1.1 first\r\n"), PH_OK);
        (void)peer_takes(&peer);
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_ERR_STATE);
        assert_int_equal(peer_says(&peer, "450 second\r\n"), PH_OK);
        CHECK(strcmp(peer_takes(&peer), "RSET\r\n") == 0, rows[i].note);
        assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_ERR_STATE);
        assert_int_equal(peer_says(&peer, "250 reset\r\n"), PH_OK);
        CHECK(peer.event.type == PH__EVENT_MESSAGE_DONE, rows[i].note);
        CHECK(peer.event.status == PH_ERR_FATAL, rows[i].note);
        CHECK(ph_result_error(message.result)->reply_code == 550, rows[i].note);
        CHECK(ph__session_error(peer.session)->view->reply_code == 550, rows[i].note);
        message_release(&message);
        peer_release(&peer);
    }
}

static void begin__refuses_what_is_no_helo_name_and_can_be_asked_again(void **state)
{
    (void)state;
    char long_name[257];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[256] = '\0';
    const struct {
        const char *helo;
        bool expected;
        const char *note;
    } rows[] = {
        {"client.example.org", true, "a domain"},
        {"[192.0.2.1]", true, "an address literal"},
        {"localhost", true, "the default"},
        {"_x", true, "an underscore"},
        {long_name + 1, true, "255 bytes"},
        {long_name, false, "256 bytes"},
        {"", false, "nothing"},
        {"a b", false, "a blank"},
        {"a\tb", false, "a tab"},
        {"a\r\nRSET", false, "a line end"},
        {"a\x7f", false, "DEL"},
        {"\xc3\xa9.example", false, "beyond ASCII"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct peer peer;
        struct ph__session_start start = plain_start;
        start.helo = rows[i].helo;
        CHECK(ph__is_helo_name(rows[i].helo) == rows[i].expected, rows[i].note);
        peer_init(&peer);
        CHECK(ph__session_begin(peer.session, &start) ==
                  (rows[i].expected ? PH_OK : PH_ERR_ARGUMENT),
              rows[i].note);
        if (!rows[i].expected)
            peer_open(&peer, "250 mx\r\n");
        peer_release(&peer);
    }
}

static void command__refuses_what_makes_no_line(void **state)
{
    (void)state;
    static char over_long[17 * 1024];
    memset(over_long, 'x', sizeof over_long - 1);
    const struct {
        enum ph__single single;
        const char *argument;
        const char *note;
    } rows[] = {
        {PH__SINGLE_RAW, NULL, "raw without line"},
        {PH__SINGLE_RAW, "", "raw with an empty line"},
        {PH__SINGLE_VRFY, NULL, "VRFY of nobody"},
        {PH__SINGLE_EHLO, "", "EHLO of nobody"},
        {PH__SINGLE_HELO, NULL, "HELO of nobody"},
        {PH__SINGLE_RAW, "NOOP\r\nRSET", "two lines"},
        {PH__SINGLE_RAW, "NOOP\n", "a line end"},
        {PH__SINGLE_HELP, "a\x01", "a control byte"},
        {PH__SINGLE_RAW, over_long, "longer than a line may be"},
    };
    struct peer peer;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    for (size_t i = 0; i < ROWS(rows); i++) {
        CHECK(ph__session_command(peer.session, rows[i].single, rows[i].argument) ==
                  PH_ERR_ARGUMENT,
              rows[i].note);
        CHECK(strcmp(peer_takes(&peer), "") == 0, rows[i].note);
    }
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
    assert_string_equal(peer_takes(&peer), "NOOP\r\n");
    peer_release(&peer);
}

static void send__without_recipient_sends_nothing(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    message_init(&message, PH_RCPT_ANY, 0);
    assert_int_equal(message_submit(&message, peer.session), PH_ERR_ARGUMENT);
    assert_string_equal(peer_takes(&peer), "");
    assert_int_equal(ph_result_error(message.result)->phase, PH_PHASE_RCPT);
    message_release(&message);
    peer_release(&peer);
}

/* ---- Broken for good ------------------------------------------------------------------------- */

static void broken__can_only_fail_and_says_so_once(void **state)
{
    (void)state;
    struct peer peer;
    struct ph__error error;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(peer_says(&peer, "250 unasked\r\n"), PH_ERR_PROTOCOL);
    assert_int_equal(peer.event.type, PH__EVENT_FAILED);
    assert_int_equal(peer.event.status, PH_ERR_PROTOCOL);
    assert_int_equal(peer.n_events, 1);
    assert_true(ph__session_is_broken(peer.session));
    assert_int_equal(peer_says(&peer, "250 more\r\n"), PH_ERR_PROTOCOL);
    assert_int_equal(peer.n_events, 0);

    ph__session_end_of_input(peer.session);
    ph__session_content_failed(peer.session, "late");
    ph__error_init(&error, &peer.memory.allocator);
    (void)ph__error_set(&error, PH_ERR_IO, PH_PHASE_NONE, "late");
    ph__session_fail(peer.session, &error);
    ph__error_release(&error);
    assert_int_equal(ph__session_error(peer.session)->view->status, PH_ERR_PROTOCOL);

    try_all(&peer, PH_ERR_BROKEN);
    assert_non_null(strstr(ph__session_error(peer.session)->view->message, "250 unasked"));
    assert_int_equal(ph__session_begin(peer.session, &plain_start), PH_ERR_BROKEN);
    assert_int_equal(peer_says(&peer, ""), PH_ERR_BROKEN);
    assert_int_equal(peer.n_events, 0);
    assert_int_equal(ph__session_reply_count(peer.session), 3);
    peer_release(&peer);
}

static void broken__midway_drops_what_was_to_be_written(void **state)
{
    (void)state;
    struct peer peer;
    struct ph__slice slice;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
    ph__session_wrote(peer.session, 2);
    ph__session_end_of_input(peer.session);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 0);
    assert_int_equal(peer_says(&peer, ""), PH_ERR_CLOSED);
    assert_int_equal(peer.event.type, PH__EVENT_FAILED);
    peer_release(&peer);
}

/* ---- Determinism ----------------------------------------------------------------------------- */

struct record {
    char text[16 * 1024];
    size_t n;
};

static void keep(struct record *record, const char *what, const char *text)
{
    const size_t room = sizeof record->text - record->n;
    const int n = snprintf(record->text + record->n, room, "%s %s\n", what, text);
    assert_true(n > 0 && (size_t)n < room);
    record->n += (size_t)n;
}

/* Feeds what the server says at one time, by pieces. */
static void says_by_pieces(struct peer *peer, const char *text, size_t piece, struct record *record)
{
    const size_t n = strlen(text);
    for (size_t at = 0; at < n; at += piece) {
        const size_t rest = n - at < piece ? n - at : piece;
        char part[512];
        memcpy(part, text + at, rest);
        part[rest] = '\0';
        (void)peer_says(peer, part);
        if (peer->n_events > 0) {
            char shown[64];
            (void)snprintf(shown, sizeof shown, "%d %d", (int)peer->event.type, peer->event.status);
            keep(record, "event", shown);
        }
    }
    keep(record, "sent", peer_takes(peer));
}

static void run_dialogue(size_t piece, struct record *record)
{
    struct peer peer;
    struct message message;
    record->n = 0;
    peer_init(&peer);
    assert_int_equal(ph__session_begin(peer.session, &plain_start), PH_OK);
    says_by_pieces(&peer, "220-hello\r\n220 mx.example.org\r\n", piece, record);
    says_by_pieces(&peer, "250-mx\r\n250-PIPELINING\r\n250 AUTH FAKE\r\n", piece, record);
    assert_int_equal(peer_authenticates(&peer), PH_OK);
    keep(record, "sent", peer_takes(&peer));
    says_by_pieces(&peer, "235 2.7.0 welcome\r\n", piece, record);
    message_init(&message, PH_RCPT_ANY, 3);
    assert_int_equal(message_submit(&message, peer.session), PH_OK);
    keep(record, "sent", peer_takes(&peer));
    says_by_pieces(&peer,
                   "250 2.1.0 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n250 ok\r\n450 later\r\n"
                   "354 go on\r\n",
                   piece, record);
    ph__session_content(peer.session, ".\ntext\n", 7, true);
    keep(record, "sent", peer_takes(&peer));
    says_by_pieces(&peer, "250 2.0.0 queued\r\n", piece, record);
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_NOOP, NULL), PH_OK);
    keep(record, "sent", peer_takes(&peer));
    says_by_pieces(&peer, "HTTP/1.1 400 Bad Request\r\n\r\n", piece, record);
    keep(record, "error", ph__session_error(peer.session)->view->message);
    keep(record, "trace", peer.traced);
    message_release(&message);
    peer_release(&peer);
}

static void session__any_split_of_its_input_gives_the_same(void **state)
{
    (void)state;
    static struct record whole;
    static struct record split;
    run_dialogue(500, &whole);
    assert_non_null(strstr(whole.text, "DATA"));
    assert_null(strstr(whole.text, PEER_SECRET));
    for (size_t piece = 1; piece < 120; piece++) {
        run_dialogue(piece, &split);
        assert_string_equal(split.text, whole.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations__before_the_session_began_are_refused),
        cmocka_unit_test(operations__while_another_is_under_way_are_refused),
        cmocka_unit_test(operations__refused_out_of_turn_keep_the_failure_under_way),
        cmocka_unit_test(begin__refuses_what_is_no_helo_name_and_can_be_asked_again),
        cmocka_unit_test(command__refuses_what_makes_no_line),
        cmocka_unit_test(send__without_recipient_sends_nothing),
        cmocka_unit_test(broken__can_only_fail_and_says_so_once),
        cmocka_unit_test(broken__midway_drops_what_was_to_be_written),
        cmocka_unit_test(session__any_split_of_its_input_gives_the_same),
    };
    return cmocka_run_group_tests_name("protocol/session", tests, NULL, NULL);
}
