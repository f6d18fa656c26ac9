/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "protocol/reply.h"
#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/protocol/replies.h"

#define TEXT(literal) literal, sizeof(literal) - 1

struct run {
    struct ph__reply_parser parser;
    struct ph__reply_buffer reply;
    char log[1024]; /* each whole reply's text in brackets, then how it ended */
};

static void run_init(struct run *run, const struct ph__reply_limits *limits)
{
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__reply_parser_init(&run->parser, allocator, limits);
    ph__reply_init(&run->reply, allocator, limits->total_max);
    run->log[0] = '\0';
}

static void run_release(struct run *run)
{
    ph__reply_parser_release(&run->parser);
    ph__reply_release(&run->reply);
}

static void note(struct run *run, const char *before, const char *text, const char *behind)
{
    const size_t length = strlen(run->log);
    (void)snprintf(run->log + length, sizeof run->log - length, "%s%s%s", before, text, behind);
}

/* Feeds a piece. @return it was not malformed */
static bool feed(struct run *run, const uint8_t *bytes, size_t n)
{
    struct guarded input;
    guarded_init(&input, bytes, n);
    size_t at = 0;
    enum ph__parse outcome = PH__PARSE_CONSUMED;
    while (outcome == PH__PARSE_CONSUMED) {
        size_t used;
        outcome = ph__reply_parse(&run->parser, input.bytes + at, n - at, &run->reply, &used);
        at += used;
        assert_true(at <= n);
        if (outcome == PH__PARSE_CONSUMED)
            note(run, "(", ph_reply_text(ph__reply_in(&run->reply)), ")");
    }
    if (outcome == PH__PARSE_MALFORMED)
        note(run, "!", run->parser.problem, "");
    else
        assert_true(outcome == PH__PARSE_NEED_MORE && at == n);
    guarded_release(&input);
    return outcome == PH__PARSE_NEED_MORE;
}

static void finish(struct run *run)
{
    if (ph__reply_parser_is_midway(&run->parser, &run->reply))
        note(run, "", "...", "");
}

/* Checks that the input gives the log in one piece, byte by byte, and split at every two places. */
static void check_all_splits(const struct ph__reply_limits *limits, const char *bytes, size_t n,
                             const char *expected, const char *what)
{
    const uint8_t *input = (const uint8_t *)bytes;
    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            struct run run;
            run_init(&run, limits);
            if (feed(&run, input, first) && feed(&run, input + first, second - first) &&
                feed(&run, input + second, n - second))
                finish(&run);
            CHECK(strcmp(run.log, expected) == 0, what);
            run_release(&run);
        }
    }
    struct run run;
    run_init(&run, limits);
    size_t at = 0;
    while (at < n && feed(&run, input + at, 1))
        at++;
    if (at == n)
        finish(&run);
    CHECK(strcmp(run.log, expected) == 0, what);
    run_release(&run);
}

static void parse__any_split_gives_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *expected;
        const char *note;
    } rows[] = {
        {TEXT(""), "", "nothing"},
        {TEXT("220 hi\r\n"), "(220 hi)", "one line"},
        {TEXT("220 hi\n"), "(220 hi)", "LF alone"},
        {TEXT("220\r\n"), "(220)", "a code alone"},
        {TEXT("220 \r\n"), "(220 )", "a code and a blank"},
        {TEXT("220-\r\n220\r\n"), "(220-\n220)", "a hyphen and nothing, then a code alone"},
        {TEXT("250-a\r\n250-b\n250 c\r\n"), "(250-a\n250-b\n250 c)", "three lines"},
        {TEXT("250 a\r\n354 b\r\n550 c\r\n"), "(250 a)(354 b)(550 c)", "three replies"},
        {TEXT("250-a\r\n250 b\r\n250 c\r\n"), "(250-a\n250 b)(250 c)",
         "a reply of two lines, one of one"},
        {TEXT("250 a\rb\r\n"), "(250 a\rb)", "a CR inside a line"},
        {TEXT("250 a\r\r\n"), "(250 a\r)", "two CRs before the LF"},
        {TEXT("250 \xff\x80\x01\r\n"), "(250 \xff\x80\x01)", "any other byte"},
        {TEXT("100 a\r\n"), "(100 a)", "the lowest code"},
        {TEXT("599 a\r\n"), "(599 a)", "the highest code"},
        {TEXT("250"), "...", "the end is awaited: a code"},
        {TEXT("250-a\r\n"), "...", "the end is awaited: lines"},
        {TEXT("250 a\r"), "...", "the end is awaited: LF"},
        {TEXT("250 a\r\n2"), "(250 a)...", "the next reply has begun"},
        {TEXT("\r\n"), "!a line that does not begin with a reply code", "an empty line"},
        {TEXT("\n"), "!a line that does not begin with a reply code", "an empty line, LF alone"},
        {TEXT("25\r\n"), "!a line that does not begin with a reply code", "two digits"},
        {TEXT("2500 a\r\n"), "!a line that does not begin with a reply code", "four digits"},
        {TEXT("099 a\r\n"), "!a line that does not begin with a reply code", "below 100"},
        {TEXT("600 a\r\n"), "!a line that does not begin with a reply code", "above 599"},
        {TEXT("2x0 a\r\n"), "!a line that does not begin with a reply code", "a letter"},
        {TEXT(" 250 a\r\n"), "!a line that does not begin with a reply code", "a blank first"},
        {TEXT("250\ta\r\n"), "!a line that does not begin with a reply code", "a tab behind"},
        {TEXT("250\0a\r\n"), "!a line that does not begin with a reply code", "NUL behind"},
        {TEXT("SSH-2.0-x\r\n"), "!a line that does not begin with a reply code",
         "another protocol"},
        {TEXT("250 a\0b\r\n"), "!a line with a NUL byte", "NUL in the text"},
        {TEXT("250-a\r\n550 b\r\n"), "!a reply that mixes codes", "250, then 550"},
        {TEXT("250-a\r\n251 b\r\n"), "!a reply that mixes codes", "250, then 251"},
        {TEXT("250-a\r\nb\r\n"), "!a line that does not begin with a reply code", "no code later"},
        {TEXT("250 a\r\nb\r\n"), "(250 a)!a line that does not begin with a reply code",
         "rubbish behind a reply"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check_all_splits(&default_reply_limits, rows[i].bytes, rows[i].n, rows[i].expected,
                         rows[i].note);
}

static void parse__limits_are_kept_to_the_byte(void **state)
{
    (void)state;
    static const struct ph__reply_limits limits = {.line_max = 8, .lines_max = 3, .total_max = 24};
    static const struct {
        const char *bytes;
        size_t n;
        const char *expected;
        const char *note;
    } rows[] = {
        {TEXT("250 4567\r\n"), "(250 4567)", "the longest line"},
        {TEXT("250 4567\n"), "(250 4567)", "the longest line, LF alone"},
        {TEXT("250 45678\r\n"), "!an over-long line", "one byte more"},
        {TEXT("250 45678\n"), "!an over-long line", "one byte more, LF alone"},
        {TEXT("250 4567\r\r\n"), "!an over-long line", "a CR more"},
        {TEXT("250 456789"), "!an over-long line", "told before the line ends"},
        {TEXT("250-a\r\n250-b\r\n250 c\r\n"), "(250-a\n250-b\n250 c)", "the most lines"},
        {TEXT("250-a\r\n250-b\r\n250-c\r\n250 d\r\n"), "!a reply of too many lines", "one more"},
        {TEXT("250-456\r\n250-456\r\n250 456\r\n"), "(250-456\n250-456\n250 456)",
         "nearly the longest reply"},
        {TEXT("250-4567\r\n250-4567\r\n250 4567\r\n"), "!an over-long reply",
         "24 bytes and what joins them"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check_all_splits(&limits, rows[i].bytes, rows[i].n, rows[i].expected, rows[i].note);
}

/* What a sentence quotes of a bad line must not depend on how the bytes came. */
static void parse__the_bad_line_is_kept_the_same_in_any_split(void **state)
{
    (void)state;
    static const struct ph__reply_limits limits = {.line_max = 8, .lines_max = 3, .total_max = 24};
    static const struct {
        const char *bytes;
        const char *expected;
        const char *note;
    } rows[] = {
        {"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 ", "over-long: what fits"},
        {"220 hi\r\nrubbish\r\n", "rubbish", "no code"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const uint8_t *bytes = (const uint8_t *)rows[i].bytes;
        const size_t n = strlen(rows[i].bytes);
        for (size_t split = 0; split <= n; split++) {
            struct run run;
            run_init(&run, &limits);
            if (feed(&run, bytes, split))
                (void)feed(&run, bytes + split, n - split);
            const struct ph__buffer *line = &run.parser.line;
            CHECK(line->length == strlen(rows[i].expected), rows[i].note);
            CHECK(memcmp(line->bytes, rows[i].expected, line->length) == 0, rows[i].note);
            run_release(&run);
        }
    }
}

static void parse__nothing_behind_a_reply_is_taken(void **state)
{
    (void)state;
    struct run run;
    run_init(&run, &default_reply_limits);
    size_t used;
    assert_int_equal(
        ph__reply_parse(&run.parser, (const uint8_t *)"220 a\r\n250 b\r\n", 14, &run.reply, &used),
        PH__PARSE_CONSUMED);
    assert_int_equal(used, 7);
    assert_string_equal(ph_reply_text(ph__reply_in(&run.reply)), "220 a");
    /* The reply stays until the next byte comes. */
    assert_int_equal(ph__reply_parse(&run.parser, NULL, 0, &run.reply, &used), PH__PARSE_NEED_MORE);
    assert_string_equal(ph_reply_text(ph__reply_in(&run.reply)), "220 a");
    assert_false(ph__reply_parser_is_midway(&run.parser, &run.reply));
    run_release(&run);
}

static enum ph__parse parse_text(const ph_allocator *allocator)
{
    static const char text[] = "250-the first line comes in two pieces\r\n250 the second line\r\n";
    struct ph__reply_parser parser;
    struct ph__reply_buffer reply;
    size_t used;
    ph__reply_parser_init(&parser, allocator, &default_reply_limits);
    ph__reply_init(&reply, allocator, default_reply_limits.total_max);
    enum ph__parse outcome = ph__reply_parse(&parser, (const uint8_t *)text, 9, &reply, &used);
    if (outcome == PH__PARSE_NEED_MORE)
        outcome =
            ph__reply_parse(&parser, (const uint8_t *)text + 9, sizeof text - 1 - 9, &reply, &used);
    ph__reply_parser_release(&parser);
    ph__reply_release(&reply);
    return outcome;
}

static void parse__each_allocation_may_fail(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, n);
        const enum ph__parse outcome = parse_text(&test.allocator);
        has_failed = test.has_failed;
        assert_int_equal(outcome, has_failed ? PH__PARSE_NO_MEMORY : PH__PARSE_CONSUMED);
        assert_true(has_failed || n == 4);
        assert_int_equal(test.live_blocks, 0);
    }
}

static void parse__a_second_reply_needs_no_memory(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__reply_parser parser;
    struct ph__reply_buffer reply;
    size_t used;
    test_allocator_init(&test);
    ph__reply_parser_init(&parser, &test.allocator, &default_reply_limits);
    ph__reply_init(&reply, &test.allocator, default_reply_limits.total_max);
    const uint8_t *text = (const uint8_t *)"250 2.0.0 ok\r\n";
    assert_int_equal(ph__reply_parse(&parser, text, 14, &reply, &used), PH__PARSE_CONSUMED);
    test.fail_at = test.n_allocations;
    test.fails_from_there = true;
    for (int i = 0; i < 5; i++)
        assert_int_equal(ph__reply_parse(&parser, text, 14, &reply, &used), PH__PARSE_CONSUMED);
    ph__reply_parser_release(&parser);
    ph__reply_release(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__any_split_gives_the_same),
        cmocka_unit_test(parse__limits_are_kept_to_the_byte),
        cmocka_unit_test(parse__the_bad_line_is_kept_the_same_in_any_split),
        cmocka_unit_test(parse__nothing_behind_a_reply_is_taken),
        cmocka_unit_test(parse__each_allocation_may_fail),
        cmocka_unit_test(parse__a_second_reply_needs_no_memory),
    };
    return cmocka_run_group_tests_name("protocol/reply_parser", tests, NULL, NULL);
}
