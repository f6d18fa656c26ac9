/* SPDX-License-Identifier: MIT */
/* Large content by BDAT: how it is cut into chunks whose length is said before it is known what
 * they hold (RFC 3030 section 2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/session.h"
#include "unit/base/test.h"
#include "unit/protocol/peer.h"

enum {
    chunks_max = 256,
    content_size = 2 * 1024 * 1024 + 64,
    lines_size = 40 * 1024 * 1024
};

static const size_t mib = 1024 * (size_t)1024;

/* What a server makes of what it gets behind the envelope. */
struct taken {
    uint8_t *content;
    size_t length;
    size_t room;
    size_t chunks[chunks_max];
    size_t count;
    size_t rest; /* of the chunk that is coming */
    bool is_last;
    char line[64];
    size_t line_length;
};

static void take_line_byte(struct taken *taken, uint8_t byte)
{
    assert_true(taken->line_length + 1 < sizeof taken->line);
    taken->line[taken->line_length++] = (char)byte;
    if (byte != '\n')
        return;
    taken->line[taken->line_length] = '\0';
    taken->line_length = 0;
    char *end;
    assert_memory_equal(taken->line, "BDAT ", 5);
    assert_false(taken->is_last);
    taken->rest = strtoul(taken->line + 5, &end, 10);
    taken->is_last = strcmp(end, " LAST\r\n") == 0;
    assert_true(taken->is_last || strcmp(end, "\r\n") == 0);
    assert_true(taken->count < chunks_max);
    taken->chunks[taken->count++] = taken->rest;
}

static void take(struct taken *taken, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (taken->rest == 0) {
            take_line_byte(taken, bytes[i++]);
            continue;
        }
        const size_t part = taken->rest < n - i ? taken->rest : n - i;
        assert_true(taken->length + part <= taken->room);
        memcpy(taken->content + taken->length, bytes + i, part);
        taken->length += part;
        taken->rest -= part;
        i += part;
    }
}

/* Takes what the session writes, at most so many bytes at once. */
static void take_output(struct peer *peer, struct taken *taken, size_t at_once)
{
    struct ph__slice slice;
    while (ph__session_output(peer->session, &slice, 1) > 0) {
        const size_t n = slice.length < at_once ? slice.length : at_once;
        take(taken, slice.bytes, n);
        ph__session_wrote(peer->session, n);
    }
}

static void taken_init(struct taken *taken, size_t n)
{
    *taken = (struct taken){.room = 2 * n + 2};
    taken->content = malloc(taken->room);
    assert_non_null(taken->content);
}

/* CRLF line ends alone, and one at the end. @return the length */
static size_t as_sent(const char *content, size_t n, uint8_t *out)
{
    size_t length = 0;
    for (size_t i = 0; i < n; i++) {
        const bool ends = content[i] == '\r' || content[i] == '\n';
        if (!ends) {
            out[length++] = (uint8_t)content[i];
            continue;
        }
        if (content[i] == '\r' && i + 1 < n && content[i + 1] == '\n')
            i++;
        out[length++] = '\r';
        out[length++] = '\n';
    }
    if (length == 0 || out[length - 1] != '\n') {
        out[length++] = '\r';
        out[length++] = '\n';
    }
    return length;
}

static bool over_tls = true;

static void begin(struct peer *peer, struct message *message, ph_body_type type)
{
    struct ph__session_start start = plain_start;
    start.is_secure = over_tls;
    peer_init(peer);
    assert_int_equal(ph__session_begin(peer->session, &start), PH_OK);
    assert_int_equal(peer_says(peer, "220 mx.example.org\r\n"), PH_OK);
    (void)peer_takes(peer);
    assert_int_equal(
        peer_says(peer, "250-mx\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"), PH_OK);
    message_init(message, PH_RCPT_ALL, 1);
    message->envelope.body_type = type;
    assert_int_equal(message_submit(message, peer->session), PH_OK);
    (void)peer_takes(peer);
    assert_int_equal(peer_says(peer, "250 ok\r\n250 ok\r\n"), PH_OK);
    assert_true(ph__session_wants_content(peer->session));
}

static void end(struct peer *peer, struct message *message, struct taken *taken)
{
    free(taken->content);
    message_release(message);
    peer_release(peer);
}

/* ---- What arrives ---------------------------------------------------------------------------- */

static void check_arrival(const char *content, size_t n, size_t at_once)
{
    struct peer peer;
    struct message message;
    struct taken taken;
    uint8_t *wanted = malloc(2 * n + 2);
    assert_non_null(wanted);
    const size_t length = as_sent(content, n, wanted);
    taken_init(&taken, n);
    begin(&peer, &message, PH_BODY_UNDECLARED);
    ph__session_content(peer.session, content, n, true);
    take_output(&peer, &taken, at_once);
    while (!taken.is_last || ph__session_awaits_reply(peer.session)) {
        assert_int_equal(peer_says(&peer, "250 taken\r\n"), PH_OK);
        take_output(&peer, &taken, at_once);
    }
    assert_int_equal(taken.rest, 0);
    assert_int_equal(taken.length, length);
    assert_memory_equal(taken.content, wanted, length);
    assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_SENT);
    assert_int_equal(ph_result_bytes(message.result), length);
    for (size_t i = 0; i + 1 < taken.count; i++) /* the last one may be all but an LF of before */
        assert_true(taken.chunks[i] > 0);
    free(wanted);
    end(&peer, &message, &taken);
}

static char content[content_size];

static void fill(const char *pattern)
{
    const size_t n = strlen(pattern);
    for (size_t i = 0; i < sizeof content; i++)
        content[i] = pattern[i % n];
}

/* The lengths differ, so that a chunk ends at each place of the pattern. */
static void large_content__arrives_with_crlf_alone(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "a line that is right\r\n", "\n", "\r", "\r\n", "a\n", "ab\r", "\n\r\n\r\r", "x",
    };
    for (size_t i = 0; i < ROWS(patterns); i++) {
        fill(patterns[i]);
        for (size_t more = 0; more < 3; more++)
            check_arrival(content, mib / 2 + more, more == 0 ? SIZE_MAX : 100000 + more);
        check_arrival(content, sizeof content - 1, 262144);
    }
}

/* ---- The chunks ------------------------------------------------------------------------------ */

/* Content without a line end to be changed. */
static char *lines(size_t n)
{
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        text[i] = "sixteen bytes.\r\n"[i % 16];
    return text;
}

static void large_content__in_memory_is_lent_in_few_chunks_of_a_bounded_size(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct taken taken;
    struct ph__slice slice;
    char *text = lines(lines_size);
    taken_init(&taken, lines_size);
    begin(&peer, &message, PH_BODY_UNDECLARED);
    ph__session_content(peer.session, text, lines_size, true);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
    take(&taken, slice.bytes, slice.length); /* the command */
    ph__session_wrote(peer.session, slice.length);
    assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
    assert_ptr_equal(slice.bytes, text); /* where it is */
    take_output(&peer, &taken, SIZE_MAX);
    assert_int_equal(taken.count, 4);
    assert_int_equal(taken.chunks[0], 16 * mib);
    assert_int_equal(taken.chunks[1], 16 * mib);
    assert_true(taken.chunks[3] >= mib / 8 && taken.chunks[3] <= mib / 4);
    assert_true(taken.is_last);
    assert_int_equal(taken.length, lines_size);
    assert_memory_equal(taken.content, text, lines_size);
    assert_int_equal(peer_says(&peer, "250 a\r\n250 b\r\n250 c\r\n250 d\r\n"), PH_OK);
    assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_SENT);
    free(text);
    end(&peer, &message, &taken);
}

/* No more is looked through, and pended, than leaves in one write or two. */
static void large_content__is_looked_through_little_by_little(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct ph__slice slices[64];
    struct taken taken;
    fill("a line\r\n");
    taken_init(&taken, 0);
    begin(&peer, &message, PH_BODY_UNDECLARED);
    ph__session_content(peer.session, content, 2 * mib, true);
    const size_t count = ph__session_output(peer.session, slices, ROWS(slices));
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += slices[i].length;
    assert_true(length >= mib / 4 && length <= mib / 2 + 64);
    end(&peer, &message, &taken);
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* What follows a BDAT is content, whatever the server says: a chunk that was begun goes to its end
 * before RSET can be told. */
static void large_content__refused_in_the_middle_of_a_chunk_fills_that_chunk(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct taken taken;
    struct ph__slice slice;
    char *text = lines(lines_size);
    taken_init(&taken, lines_size);
    begin(&peer, &message, PH_BODY_UNDECLARED);
    ph__session_content(peer.session, text, lines_size, true);
    while (taken.length <= 16 * mib) {
        assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
        take(&taken, slice.bytes, slice.length);
        ph__session_wrote(peer.session, slice.length);
    }
    assert_int_equal(peer_says(&peer, "552 5.3.4 too much\r\n"), PH_OK);
    while (taken.length < 32 * mib) {
        assert_int_equal(ph__session_output(peer.session, &slice, 1), 1);
        take(&taken, slice.bytes, slice.length);
        ph__session_wrote(peer.session, slice.length);
    }
    assert_int_equal(taken.count, 2);
    assert_int_equal(taken.rest, 0);
    assert_string_equal(peer_takes(&peer), "");
    assert_int_equal(peer_says(&peer, "503 no\r\n"), PH_OK);
    assert_string_equal(peer_takes(&peer), "RSET\r\n");
    assert_int_equal(peer_says(&peer, "250 ok\r\n"), PH_OK);
    assert_int_equal(peer.event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(peer.event.status, PH_ERR_FATAL);
    assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_NOT_SENT);
    free(text);
    end(&peer, &message, &taken);
}

/* Half of what was promised can be taken back by nothing but the end of the connection. */
static void large_content__of_another_kind_than_declared_never_ends(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct taken taken;
    fill("a line\r\n");
    content[mib] = '\xe9';
    taken_init(&taken, sizeof content);
    begin(&peer, &message, PH_BODY_7BIT);
    ph__session_content(peer.session, content, 2 * mib, true);
    take_output(&peer, &taken, SIZE_MAX);
    assert_true(taken.length <= mib);
    assert_true(taken.rest > 0);
    assert_int_equal(peer_says(&peer, ""), PH_ERR_SOURCE);
    assert_int_equal(ph_result_outcome(message.result), PH_OUTCOME_NOT_SENT);
    end(&peer, &message, &taken);
}

/* A piece that is pushed may be the first of several, the last of them empty. */
static void large_content__in_pieces_owes_nothing_behind_a_piece(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct taken taken;
    uint8_t *wanted = malloc(4 * mib);
    assert_non_null(wanted);
    fill("\n");
    const size_t length = as_sent(content, mib + 1, wanted);
    taken_init(&taken, 2 * mib);
    begin(&peer, &message, PH_BODY_UNDECLARED);
    ph__session_content(peer.session, content, mib, false);
    while (!taken.is_last) {
        take_output(&peer, &taken, SIZE_MAX);
        if (ph__session_wants_content(peer.session))
            ph__session_content(peer.session, "\n", 1, true);
        else if (!taken.is_last)
            assert_int_equal(peer_says(&peer, "250 taken\r\n"), PH_OK);
    }
    assert_int_equal(taken.length, length);
    assert_memory_equal(taken.content, wanted, length);
    free(wanted);
    end(&peer, &message, &taken);
}

static void large_content__over_plain_text_comes_in_short_chunks(void **state)
{
    (void)state;
    struct peer peer;
    struct message message;
    struct taken taken;
    fill("a line\r\n");
    taken_init(&taken, sizeof content);
    over_tls = false;
    begin(&peer, &message, PH_BODY_UNDECLARED);
    over_tls = true;
    ph__session_content(peer.session, content, 2 * mib, true);
    take_output(&peer, &taken, SIZE_MAX);
    assert_int_equal(taken.count, 8);
    assert_int_equal(taken.chunks[0], mib / 4);
    assert_int_equal(taken.length, 2 * mib);
    assert_memory_equal(taken.content, content, 2 * mib);
    end(&peer, &message, &taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_content__arrives_with_crlf_alone),
        cmocka_unit_test(large_content__in_memory_is_lent_in_few_chunks_of_a_bounded_size),
        cmocka_unit_test(large_content__is_looked_through_little_by_little),
        cmocka_unit_test(large_content__refused_in_the_middle_of_a_chunk_fills_that_chunk),
        cmocka_unit_test(large_content__of_another_kind_than_declared_never_ends),
        cmocka_unit_test(large_content__in_pieces_owes_nothing_behind_a_piece),
        cmocka_unit_test(large_content__over_plain_text_comes_in_short_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
