/* SPDX-License-Identifier: MIT */
/* What a session writes, taken by pieces, and the content that it is lent by pieces. */
#include <stdlib.h>
#include <string.h>

#include "protocol/session.h"
#include "unit/base/test.h"
#include "unit/protocol/peer.h"

/* Sends a message to one recipient up to where its content is wanted. */
static void send_up_to_content(struct peer *peer, struct message *message)
{
    peer_open(peer, "250-mx\r\n250 PIPELINING\r\n");
    message_init(message, PH_RCPT_ALL, 1);
    assert_int_equal(message_submit(message, peer->session), PH_OK);
    assert_string_equal(peer_takes(peer), "MAIL FROM:<a@example.org>\r\n"
                                          "RCPT TO:<r0@example.org>\r\nDATA\r\n");
    assert_false(ph__session_wants_content(peer->session));
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n354 go on\r\n"), PH_OK);
    assert_true(ph__session_wants_content(peer->session));
}

/* ---- Writing by pieces ----------------------------------------------------------------------- */

static void output__stays_until_it_was_written(void **state)
{
    (void)state;
    struct peer peer;
    struct ph__slice slices[4];
    static const char line[] = "VRFY someone\r\n";
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    assert_int_equal(ph__session_command(peer.session, PH__SINGLE_VRFY, "someone"), PH_OK);
    for (size_t i = 0; i + 1 < sizeof line; i++) {
        assert_int_equal(ph__session_output(peer.session, slices, 0), 0);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(ph__session_output(peer.session, slices, 4), 1);
            assert_int_equal(slices[0].length, sizeof line - 1 - i);
            assert_memory_equal(slices[0].bytes, line + i, slices[0].length);
        }
        ph__session_wrote(peer.session, 0);
        ph__session_wrote(peer.session, 1);
    }
    assert_int_equal(ph__session_output(peer.session, slices, 4), 0);
    assert_true(ph__session_awaits_reply(peer.session));
    assert_int_equal(ph__session_phase(peer.session), PH_PHASE_VRFY);
    assert_int_equal(peer_says(&peer, "252 maybe\r\n"), PH_OK);
    assert_false(ph__session_awaits_reply(peer.session));
    assert_int_equal(ph__session_phase(peer.session), PH_PHASE_NONE);
    peer_release(&peer);
}

static void fill_with_hard_content(char *content, size_t n)
{
    static const char pattern[] = ".a\n.b\r\n\r.\r\nlonger text\n";
    for (size_t i = 0; i < n; i++)
        content[i] = i % 3000 < 1500 ? pattern[i % (sizeof pattern - 1)] : 'x';
}

/* Lends the content by pieces, takes what comes out by pieces. @return all that was sent */
static size_t send_content(struct peer *peer, const char *content, size_t n, size_t piece,
                           size_t written, char *out, size_t room)
{
    size_t lent = 0;
    size_t length = 0;
    struct ph__slice slice;
    for (;;) {
        if (ph__session_wants_content(peer->session)) {
            const size_t rest = n - lent < piece ? n - lent : piece;
            ph__session_content(peer->session, content + lent, rest, lent + rest == n);
            lent += rest;
        }
        const size_t count = ph__session_output(peer->session, &slice, 1);
        if (count == 0 && ph__session_wants_content(peer->session))
            continue; /* an LF whose CR ended the last piece makes nothing to write */
        if (count == 0)
            return length;
        const size_t taken = slice.length < written ? slice.length : written;
        assert_true(length + taken <= room);
        memcpy(out + length, slice.bytes, taken);
        length += taken;
        ph__session_wrote(peer->session, taken);
    }
}

static void content__is_the_same_however_it_is_lent_and_written(void **state)
{
    (void)state;
    enum {
        n = 40000,
        room = 3 * n
    };
    static char content[n];
    static char first[room];
    static char out[room];
    static const size_t pieces[] = {n, 1, 7, 511, 512, 513, 4096};
    static const size_t written[] = {room, 1, 100, 511};
    size_t n_first = 0;
    fill_with_hard_content(content, n);
    for (size_t i = 0; i < ROWS(pieces) * ROWS(written); i++) {
        struct peer peer;
        struct message message;
        peer_init(&peer);
        send_up_to_content(&peer, &message);
        const size_t length = send_content(&peer, content, n, pieces[i % ROWS(pieces)],
                                           written[i / ROWS(pieces)], out, room);
        if (i == 0) {
            memcpy(first, out, length);
            n_first = length;
            assert_memory_equal(out + length - 5, "\r\n.\r\n", 5);
        }
        assert_int_equal(length, n_first);
        assert_memory_equal(out, first, length);
        assert_int_equal(ph_result_bytes(message.result), length);
        assert_int_equal(peer_says(&peer, "250 queued\r\n"), PH_OK);
        assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_SENT);
        message_release(&message);
        peer_release(&peer);
    }
}

static void content__long_runs_are_lent_and_not_copied(void **state)
{
    (void)state;
    static char content[100000];
    struct peer peer;
    struct message message;
    struct ph__slice slice;
    memset(content, 'x', sizeof content);
    peer_init(&peer);
    send_up_to_content(&peer, &message);
    ph__session_content(peer.session, content, sizeof content, false);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
    assert_ptr_equal(slice.bytes, content);
    assert_int_equal(slice.length, sizeof content);
    ph__session_wrote(peer.session, sizeof content - 1);
    assert_false(ph__session_wants_content(peer.session)); /* the last byte is still lent */
    ph__session_wrote(peer.session, 1);
    assert_true(ph__session_wants_content(peer.session));
    ph__session_content(peer.session, NULL, 0, true);
    assert_string_equal(peer_takes(&peer), "\r\n.\r\n");
    assert_false(ph__session_wants_content(peer.session));
    message_release(&message);
    peer_release(&peer);
}

/* A write that is short costs as much as a full one. */
static void content__with_dots_fills_each_write_but_the_last(void **state)
{
    (void)state;
    enum {
        n = 8 * 1024 * 1024,
        write = 256 * 1024
    };
    struct peer peer;
    struct message message;
    struct ph__slice slices[64];
    char *content = malloc(n);
    size_t sent = 0;
    assert_non_null(content);
    memset(content, 'x', n);
    for (size_t i = 0; i + 4 <= n; i += 20000)
        memcpy(content + i, "\r\n.x", 4);
    peer_init(&peer);
    send_up_to_content(&peer, &message);
    ph__session_content(peer.session, content, n, true);
    while (sent < n) {
        size_t length = 0;
        const size_t count = ph__session_output(peer.session, slices, ROWS(slices));
        for (size_t i = 0; i < count; i++)
            length += slices[i].length;
        assert_true(length >= write || sent + length > n);
        length = length < write ? length : write;
        ph__session_wrote(peer.session, length);
        sent += length;
    }
    free(content);
    message_release(&message);
    peer_release(&peer);
}

static void content__that_nobody_wants_is_ignored(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    peer_init(&peer);
    ph__session_content(peer.session, "early", 5, true);
    send_up_to_content(&peer, &message);
    ph__session_content(peer.session, "once", 4, false);
    ph__session_content(peer.session, "twice", 5, true);
    assert_string_equal(peer_takes(&peer), "once");
    ph__session_content(peer.session, "", 0, false); /* nothing yet */
    assert_string_equal(peer_takes(&peer), "");
    assert_true(ph__session_wants_content(peer.session));
    ph__session_content(peer.session, "!", 1, true);
    assert_string_equal(peer_takes(&peer), "!\r\n.\r\n");
    ph__session_content(peer.session, "late", 4, true);
    assert_string_equal(peer_takes(&peer), "");
    assert_int_equal(peer_says(&peer, "250 queued\r\n"), PH_OK);
    ph__session_content(peer.session, "later", 5, true);
    assert_string_equal(peer_takes(&peer), "");
    message_release(&message);
    peer_release(&peer);
}

/* What answers DATA before the last byte of it has left was not said in answer to it. */
static void replies__before_the_command_has_left_are_not_believed(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct ph__slice slice;
    peer_init(&peer);
    peer_open(&peer, "250 mx\r\n");
    message_init(&message, PH_RCPT_ALL, 1);
    assert_int_equal(ph__session_data(peer.session, message.result), PH_OK);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
    ph__session_wrote(peer.session, 5);
    assert_int_equal(peer_says(&peer, "354 go on\r\n"), PH_ERR_PROTOCOL);
    assert_int_equal(peer.event.type, PH__EVENT_FAILED);
    assert_int_equal(peer.event.status, PH_ERR_PROTOCOL);
    assert_false(ph__session_wants_content(peer.session));
    assert_string_equal(peer_takes(&peer), "");
    assert_int_equal(ph_result_bytes(message.result), 0);
    message_release(&message);
    peer_release(&peer);
}

/* The end counts as sent with its last byte, and not before. */
static void content__outcome_is_unknown_only_once_the_end_was_written(void **state)
{
    (void)state;
    for (size_t left = 0; left <= 8; left++) {
        struct peer peer;
        struct message message;
        struct ph__slice slice;
        peer_init(&peer);
        send_up_to_content(&peer, &message);
        ph__session_content(peer.session, "abc", 3, true);
        for (size_t i = 0; i < 8 - left; i++) {
            assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
            ph__session_wrote(peer.session, 1);
        }
        ph__session_end_of_input(peer.session);
        assert_int_equal(ph_result_outcome(message.result),
                         left == 0 ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT);
        assert_int_equal(ph_result_error(message.result)->outcome,
                         ph_result_outcome(message.result));
        message_release(&message);
        peer_release(&peer);
    }
}

static void content__of_another_kind_than_declared_never_ends(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 8BITMIME\r\n");
    message_init(&message, PH_RCPT_ALL, 1);
    message.envelope.body_type = PH_BODY_7BIT;
    assert_int_equal(message_submit(&message, peer.session), PH_OK);
    assert_string_equal(peer_takes(&peer), "MAIL FROM:<a@example.org> BODY=7BIT\r\n");
    assert_int_equal(peer_says(&peer, "250 ok\r\n"), PH_OK);
    (void)peer_takes(&peer);
    assert_int_equal(peer_says(&peer, "250 ok\r\n"), PH_OK);
    (void)peer_takes(&peer);
    assert_int_equal(peer_says(&peer, "354 go on\r\n"), PH_OK);
    ph__session_content(peer.session, "caf\xc3\xa9\r\n", 7, true);
    assert_string_equal(peer_takes(&peer), "");
    assert_int_equal(peer_says(&peer, ""), PH_ERR_SOURCE);
    assert_int_equal(peer.event.type, PH__EVENT_FAILED);
    assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_NOT_SENT);
    message_release(&message);
    peer_release(&peer);
}

/* Whatever a server says behind a failure: it must not get the end of an empty message for somebody
 * whom it has taken. */
static void content__is_not_ended_in_a_failed_transaction_with_recipients(void **state)
{
    (void)state;
    static const struct {
        const char *replies;
        int code;
        const char *note;
    } rows[] = {
        {"250 ok\r\n250 ok\r\n421 bye\r\n354 go on\r\n", 421, "354 behind 421"},
        {"503 nested MAIL\r\n250 ok\r\n250 ok\r\n354 go on\r\n", 503,
         "in a transaction that the caller began by single commands"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct peer peer;
        struct message message;
        peer_init(&peer);
        peer_open(&peer, "250-mx\r\n250 PIPELINING\r\n");
        message_init(&message, PH_RCPT_ANY, 2);
        assert_int_equal(message_submit(&message, peer.session), PH_OK);
        (void)peer_takes(&peer);
        (void)peer_says(&peer, rows[i].replies);
        CHECK(strcmp(peer_takes(&peer), "") == 0, rows[i].note);
        CHECK(peer.event.type == PH__EVENT_FAILED, rows[i].note);
        CHECK(ph_result_outcome(message.result) == PH_OUTCOME_NOT_SENT, rows[i].note);
        CHECK(ph_result_error(message.result)->reply_code == rows[i].code, rows[i].note);
        CHECK(ph__session_error(peer.session)->view->reply_code == rows[i].code, rows[i].note);
        message_release(&message);
        peer_release(&peer);
    }
}

/* The recipients went into the transaction that was there before: RSET clears it away. */
static void send__in_a_transaction_begun_before_is_refused_and_reset(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    peer_init(&peer);
    peer_open(&peer, "250-mx\r\n250 PIPELINING\r\n");
    message_init(&message, PH_RCPT_ANY, 1);
    assert_int_equal(message_submit(&message, peer.session), PH_OK);
    (void)peer_takes(&peer);
    assert_int_equal(peer_says(&peer, "503 nested MAIL\r\n250 ok\r\n554 no\r\n"), PH_OK);
    assert_string_equal(peer_takes(&peer), "RSET\r\n");
    assert_int_equal(peer_says(&peer, "250 ok\r\n"), PH_OK);
    assert_int_equal(peer.event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(peer.event.status, PH_ERR_SYNTAX);
    message_release(&message);
    peer_release(&peer);
}

/* A program may give up before the server has asked for anything. */
static void content__that_fails_before_it_is_wanted_breaks_the_session(void **state)
{
    (void)state;
    for (int has_message = 0; has_message < 2; has_message++) {
        struct peer peer;
        struct message message;
        peer_init(&peer);
        peer_open(&peer, "250-mx\r\n250 PIPELINING\r\n");
        message_init(&message, PH_RCPT_ANY, 1);
        if (has_message)
            assert_int_equal(message_submit(&message, peer.session), PH_OK);
        ph__session_content_failed(peer.session, "given up");
        assert_true(ph__session_is_broken(peer.session));
        assert_false(ph__session_broke_for_message(peer.session));
        assert_int_equal(ph__session_error(peer.session)->view->status, PH_ERR_SOURCE);
        message_release(&message);
        peer_release(&peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output__stays_until_it_was_written),
        cmocka_unit_test(content__is_the_same_however_it_is_lent_and_written),
        cmocka_unit_test(content__long_runs_are_lent_and_not_copied),
        cmocka_unit_test(content__with_dots_fills_each_write_but_the_last),
        cmocka_unit_test(content__that_nobody_wants_is_ignored),
        cmocka_unit_test(content__that_fails_before_it_is_wanted_breaks_the_session),
        cmocka_unit_test(replies__before_the_command_has_left_are_not_believed),
        cmocka_unit_test(content__outcome_is_unknown_only_once_the_end_was_written),
        cmocka_unit_test(content__of_another_kind_than_declared_never_ends),
        cmocka_unit_test(content__is_not_ended_in_a_failed_transaction_with_recipients),
        cmocka_unit_test(send__in_a_transaction_begun_before_is_refused_and_reset),
    };
    return cmocka_run_group_tests_name("protocol/session: content", tests, NULL, NULL);
}
