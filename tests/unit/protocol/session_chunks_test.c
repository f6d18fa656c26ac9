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

struct fixture {
    struct peer peer;
    struct message message;
    struct taken taken;
};

/* Takes at most so many bytes of what the session writes first. @return their place; NULL: there
 * are none */
static const uint8_t *take_slice(struct fixture *f, size_t at_most)
{
    struct ph__slice slice;
    if (ph__session_output(f->peer.session, &slice, 1) == 0)
        return NULL;
    const size_t n = slice.length < at_most ? slice.length : at_most;
    take(&f->taken, slice.bytes, n);
    ph__session_wrote(f->peer.session, n);
    return slice.bytes;
}

/* Takes what the session writes, at most so many bytes at once. */
static void take_output(struct fixture *f, size_t at_once)
{
    while (take_slice(f, at_once))
        continue;
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

/* A message whose content is awaited, and room for what @p n bytes of it may become. */
static void begin_over(struct fixture *f, bool is_secure, ph_body_type type, size_t n)
{
    struct ph__session_start start = plain_start;
    start.is_secure = is_secure;
    f->taken = (struct taken){.room = 2 * n + 2};
    f->taken.content = malloc(f->taken.room);
    assert_non_null(f->taken.content);
    peer_init(&f->peer);
    assert_int_equal(ph__session_begin(f->peer.session, &start), PH_OK);
    assert_int_equal(peer_says(&f->peer, "220 mx.example.org\r\n"), PH_OK);
    (void)peer_takes(&f->peer);
    assert_int_equal(
        peer_says(&f->peer, "250-mx\r\n250-8BITMIME\r\n250-PIPELINING\r\n250 CHUNKING\r\n"), PH_OK);
    message_init(&f->message, PH_RCPT_ALL, 1);
    f->message.envelope.body_type = type;
    assert_int_equal(message_submit(&f->message, f->peer.session), PH_OK);
    (void)peer_takes(&f->peer);
    assert_int_equal(peer_says(&f->peer, "250 ok\r\n250 ok\r\n"), PH_OK);
    assert_true(ph__session_wants_content(f->peer.session));
}

static void begin(struct fixture *f, size_t n)
{
    begin_over(f, true, PH_BODY_UNDECLARED, n);
}

static void end(struct fixture *f)
{
    free(f->taken.content);
    message_release(&f->message);
    peer_release(&f->peer);
}

/* ---- What arrives ---------------------------------------------------------------------------- */

static void check_arrival(const char *content, size_t n, size_t at_once)
{
    struct fixture f;
    uint8_t *wanted = malloc(2 * n + 2);
    assert_non_null(wanted);
    const size_t length = as_sent(content, n, wanted);
    begin(&f, n);
    ph__session_content(f.peer.session, content, n, true);
    take_output(&f, at_once);
    while (!f.taken.is_last || ph__session_awaits_reply(f.peer.session)) {
        assert_int_equal(peer_says(&f.peer, "250 taken\r\n"), PH_OK);
        take_output(&f, at_once);
    }
    assert_int_equal(f.taken.rest, 0);
    assert_int_equal(f.taken.length, length);
    assert_memory_equal(f.taken.content, wanted, length);
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_SENT);
    assert_int_equal(ph_result_bytes(f.message.result), length);
    for (size_t i = 0; i + 1 < f.taken.count; i++) /* the last one may be all but an LF of before */
        assert_true(f.taken.chunks[i] > 0);
    free(wanted);
    end(&f);
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
    struct fixture f;
    char *text = lines(lines_size);
    begin(&f, lines_size);
    ph__session_content(f.peer.session, text, lines_size, true);
    assert_non_null(take_slice(&f, SIZE_MAX));        /* the command */
    assert_ptr_equal(take_slice(&f, SIZE_MAX), text); /* where it is */
    take_output(&f, SIZE_MAX);
    assert_int_equal(f.taken.count, 4);
    assert_int_equal(f.taken.chunks[0], 16 * mib);
    assert_int_equal(f.taken.chunks[1], 16 * mib);
    assert_true(f.taken.chunks[3] >= mib / 8 && f.taken.chunks[3] <= mib / 4);
    assert_true(f.taken.is_last);
    assert_int_equal(f.taken.length, lines_size);
    assert_memory_equal(f.taken.content, text, lines_size);
    assert_int_equal(peer_says(&f.peer, "250 a\r\n250 b\r\n250 c\r\n250 d\r\n"), PH_OK);
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_SENT);
    free(text);
    end(&f);
}

/* No more is looked through, and pended, than leaves in one write or two. */
static void large_content__is_looked_through_little_by_little(void **state)
{
    (void)state;
    struct fixture f;
    struct ph__slice slices[64];
    fill("a line\r\n");
    begin(&f, 0);
    ph__session_content(f.peer.session, content, 2 * mib, true);
    const size_t count = ph__session_output(f.peer.session, slices, ROWS(slices));
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += slices[i].length;
    assert_true(length >= mib / 4 && length <= mib / 2 + 64);
    end(&f);
}

/* ---- Failures -------------------------------------------------------------------------------- */

/* What follows a BDAT is content, whatever the server says: a chunk that was begun goes to its end
 * before RSET can be told. */
static void large_content__refused_in_the_middle_of_a_chunk_fills_that_chunk(void **state)
{
    (void)state;
    struct fixture f;
    char *text = lines(lines_size);
    begin(&f, lines_size);
    ph__session_content(f.peer.session, text, lines_size, true);
    while (f.taken.length <= 16 * mib)
        assert_non_null(take_slice(&f, SIZE_MAX));
    assert_int_equal(peer_says(&f.peer, "552 5.3.4 too much\r\n"), PH_OK);
    while (f.taken.length < 32 * mib)
        assert_non_null(take_slice(&f, SIZE_MAX));
    assert_int_equal(f.taken.count, 2);
    assert_int_equal(f.taken.rest, 0);
    assert_string_equal(peer_takes(&f.peer), "");
    assert_int_equal(peer_says(&f.peer, "503 no\r\n"), PH_OK);
    assert_string_equal(peer_takes(&f.peer), "RSET\r\n");
    assert_int_equal(peer_says(&f.peer, "250 ok\r\n"), PH_OK);
    assert_int_equal(f.peer.event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(f.peer.event.status, PH_ERR_FATAL);
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_NOT_SENT);
    free(text);
    end(&f);
}

/* Half of what was promised can be taken back by nothing but the end of the connection. */
static void large_content__of_another_kind_than_declared_never_ends(void **state)
{
    (void)state;
    struct fixture f;
    fill("a line\r\n");
    content[mib] = '\xe9';
    begin_over(&f, true, PH_BODY_7BIT, sizeof content);
    ph__session_content(f.peer.session, content, 2 * mib, true);
    take_output(&f, SIZE_MAX);
    assert_true(f.taken.length <= mib);
    assert_true(f.taken.rest > 0);
    assert_int_equal(peer_says(&f.peer, ""), PH_ERR_SOURCE);
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_NOT_SENT);
    end(&f);
}

/* A piece that is pushed may be the first of several, the last of them empty. */
static void large_content__in_pieces_owes_nothing_behind_a_piece(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t *wanted = malloc(4 * mib);
    assert_non_null(wanted);
    fill("\n");
    const size_t length = as_sent(content, mib + 1, wanted);
    begin(&f, 2 * mib);
    ph__session_content(f.peer.session, content, mib, false);
    while (!f.taken.is_last) {
        take_output(&f, SIZE_MAX);
        if (ph__session_wants_content(f.peer.session))
            ph__session_content(f.peer.session, "\n", 1, true);
        else if (!f.taken.is_last)
            assert_int_equal(peer_says(&f.peer, "250 taken\r\n"), PH_OK);
    }
    assert_int_equal(f.taken.length, length);
    assert_memory_equal(f.taken.content, wanted, length);
    free(wanted);
    end(&f);
}

static void large_content__over_plain_text_comes_in_short_chunks(void **state)
{
    (void)state;
    struct fixture f;
    fill("a line\r\n");
    begin_over(&f, false, PH_BODY_UNDECLARED, sizeof content);
    ph__session_content(f.peer.session, content, 2 * mib, true);
    take_output(&f, SIZE_MAX);
    assert_int_equal(f.taken.count, 8);
    assert_int_equal(f.taken.chunks[0], mib / 4);
    assert_int_equal(f.taken.length, 2 * mib);
    assert_memory_equal(f.taken.content, content, 2 * mib);
    end(&f);
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
