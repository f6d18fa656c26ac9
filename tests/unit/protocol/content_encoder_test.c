/* SPDX-License-Identifier: MIT */
#include "protocol/content_encoder.h"

#include <stdio.h>
#include <string.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

#define TEXT(literal) literal, sizeof(literal) - 1

enum {
    room = 8192
};

struct encoded {
    char bytes[room];
    size_t n;
    const char *problem;
};

static void take(struct encoded *out, struct ph__slice slice)
{
    assert_true(slice.length <= sizeof out->bytes - out->n);
    if (slice.length > 0)
        memcpy(out->bytes + out->n, slice.bytes, slice.length);
    out->n += slice.length;
}

static void encode_piece(struct ph__content_encoder *encoder, const char *bytes, size_t n,
                         size_t max, struct encoded *out)
{
    struct ph__slice slices[32];
    size_t at = 0;
    do {
        size_t used = n + 1;
        const size_t count =
            ph__content_encode(encoder, (const uint8_t *)bytes + at, n - at, slices, max, &used);
        assert_true(count <= max);
        assert_true(used <= n - at);
        assert_true(used > 0 || at == n); /* it always gets on */
        for (size_t i = 0; i < count; i++)
            take(out, slices[i]);
        at += used;
    } while (at < n);
}

/* Encodes content of `n` bytes given as pieces that end at `first`, `second` and `n`. */
static void encode(const char *bytes, size_t n, size_t first, size_t second, size_t max,
                   ph_body_type type, struct encoded *out)
{
    struct ph__content_encoder encoder;
    ph__content_encoder_init(&encoder, type);
    out->n = 0;
    encode_piece(&encoder, bytes, first, max, out);
    encode_piece(&encoder, bytes + first, second - first, max, out);
    encode_piece(&encoder, bytes + second, n - second, max, out);
    take(out, ph__content_end(&encoder));
    out->problem = encoder.problem;
}

/* The reference: one byte after the other, by Net::SMTP's rules. */
static size_t reference(const char *bytes, size_t n, char *out)
{
    size_t length = 0;
    bool is_line_start = true;
    for (size_t i = 0; i < n; i++) {
        const bool ends_line = bytes[i] == '\r' || bytes[i] == '\n';
        if (bytes[i] == '\r' && i + 1 < n && bytes[i + 1] == '\n')
            i++;
        if (ends_line) {
            out[length++] = '\r';
            out[length++] = '\n';
        } else {
            if (is_line_start && bytes[i] == '.')
                out[length++] = '.';
            out[length++] = bytes[i];
        }
        is_line_start = ends_line;
    }
    if (n == 0 || !is_line_start) {
        out[length++] = '\r';
        out[length++] = '\n';
    }
    memcpy(out + length, ".\r\n", 3);
    return length + 3;
}

static void encode__every_short_content_in_every_split(void **state)
{
    (void)state;
    static const char alphabet[] = {'\r', '\n', '.', 'a'};
    for (size_t n = 0; n <= 6; n++) {
        for (unsigned number = 0; number < 1U << (2 * n); number++) {
            char content[6];
            for (size_t i = 0; i < n; i++)
                content[i] = alphabet[(number >> (2 * i)) & 3];
            char expected[32];
            const size_t length = reference(content, n, expected);
            struct guarded input;
            guarded_init(&input, content, n);
            struct encoded out;
            for (size_t first = 0; first <= n; first++) {
                for (size_t second = first; second <= n; second++) {
                    encode((const char *)input.bytes, n, first, second, ph__content_slices_min,
                           PH_BODY_UNDECLARED, &out);
                    assert_int_equal(out.n, length);
                    assert_memory_equal(out.bytes, expected, length);
                    assert_null(out.problem);
                }
            }
            encode((const char *)input.bytes, n, n, n, 32, PH_BODY_UNDECLARED, &out);
            assert_int_equal(out.n, length);
            assert_memory_equal(out.bytes, expected, length);
            guarded_release(&input);
        }
    }
}

static void encode__known_contents(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t n;
        const char *expected;
        size_t n_expected;
        const char *note;
    } rows[] = {
        {TEXT(""), TEXT("\r\n.\r\n"), "empty content is one empty line"},
        {TEXT("a"), TEXT("a\r\n.\r\n"), "a last line without end"},
        {TEXT("a\r\n"), TEXT("a\r\n.\r\n"), "a last line with its end"},
        {TEXT("a\r"), TEXT("a\r\n.\r\n"), "a lone CR at the end is a line end"},
        {TEXT("a\nb\rc\r\nd"), TEXT("a\r\nb\r\nc\r\nd\r\n.\r\n"), "each kind of line end"},
        {TEXT("a\n\rb"), TEXT("a\r\n\r\nb\r\n.\r\n"), "LF CR are two line ends"},
        {TEXT("."), TEXT("..\r\n.\r\n"), "a dot alone"},
        {TEXT("a\r\n.\r\nb"), TEXT("a\r\n..\r\nb\r\n.\r\n"), "the end of data inside"},
        {TEXT("a\n.\nb"), TEXT("a\r\n..\r\nb\r\n.\r\n"), "LF . LF, that some servers take for it"},
        {TEXT("a\n.\r\nb"), TEXT("a\r\n..\r\nb\r\n.\r\n"), "LF . CR LF, that others do"},
        {TEXT("a\r.\rb"), TEXT("a\r\n..\r\nb\r\n.\r\n"), "CR . CR"},
        {TEXT("a\r\n.\rb"), TEXT("a\r\n..\r\nb\r\n.\r\n"), "CR LF . CR"},
        {TEXT("a.b\n..c"), TEXT("a.b\r\n...c\r\n.\r\n"), "dots inside stay, two in front get one"},
        {TEXT("\0\x80\xff"), TEXT("\0\x80\xff\r\n.\r\n"), "any other byte passes"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct encoded out;
        encode(rows[i].content, rows[i].n, rows[i].n, rows[i].n, 4, PH_BODY_UNDECLARED, &out);
        CHECK(out.n == rows[i].n_expected, rows[i].note);
        CHECK(memcmp(out.bytes, rows[i].expected, out.n) == 0, rows[i].note);
    }
}

static void encode__content_that_needs_no_change_is_one_slice_of_it(void **state)
{
    (void)state;
    static const uint8_t content[] = "one\r\ntwo\r\nthree\r\n\r\nfour";
    struct ph__content_encoder encoder;
    struct ph__slice slices[4];
    size_t used;
    ph__content_encoder_init(&encoder, PH_BODY_UNDECLARED);
    assert_int_equal(ph__content_encode(&encoder, content, sizeof content - 1, slices, 4, &used),
                     1);
    assert_int_equal(used, sizeof content - 1);
    assert_ptr_equal(slices[0].bytes, content);
    assert_int_equal(slices[0].length, sizeof content - 1);
}

static void encode__nothing_adds_nothing(void **state)
{
    (void)state;
    struct ph__content_encoder encoder;
    struct ph__slice slices[4];
    size_t used = 9;
    ph__content_encoder_init(&encoder, PH_BODY_UNDECLARED);
    assert_int_equal(ph__content_encode(&encoder, (const uint8_t *)"", 0, slices, 4, &used), 0);
    assert_int_equal(used, 0);
    assert_int_equal(ph__content_encode(&encoder, NULL, 0, slices, 4, &used), 0);
    assert_int_equal(used, 0);
    assert_int_equal(ph__content_end(&encoder).length, 5);
    assert_memory_equal(ph__content_end(&encoder).bytes, "\r\n.\r\n", 5);
}

static void none__is_the_dot_alone(void **state)
{
    (void)state;
    assert_int_equal(ph__content_none().length, 3);
    assert_memory_equal(ph__content_none().bytes, ".\r\n", 3);
}

static void check__what_was_declared_is_held_against_the_content(void **state)
{
    (void)state;
    static const char over_long[] = "a line of more than 998 bytes";
    static const char nul[] = "a NUL byte";
    static const char high[] = "a byte beyond 7 bits";
    static const struct {
        size_t n_before;     /* so many x before ... */
        const char *content; /* ... this ... */
        size_t n;
        size_t n_behind; /* ... and so many behind */
        const char *in_7bit, *in_8bit;
        const char *note;
    } rows[] = {
        {0, TEXT(""), 0, NULL, NULL, "nothing"},
        {998, TEXT(""), 0, NULL, NULL, "the longest line"},
        {999, TEXT(""), 0, over_long, over_long, "one byte more"},
        {998, TEXT("\r\n"), 998, NULL, NULL, "two of the longest lines"},
        {998, TEXT("\n"), 999, over_long, over_long, "the second too long"},
        {998, TEXT("\r"), 998, NULL, NULL, "a lone CR ends a line"},
        {0, TEXT("."), 997, NULL, NULL, "the doubled dot does not count"},
        {0, TEXT("."), 998, over_long, over_long, "the dot itself does"},
        {500, TEXT("\x7f"), 400, NULL, NULL, "the highest of 7 bits"},
        {500, TEXT("\x80"), 400, high, NULL, "the lowest of 8 bits"},
        {500, TEXT("\xff"), 400, high, NULL, "the highest of 8 bits"},
        {0, TEXT("\xff"), 0, high, NULL, "alone"},
        {500, TEXT("\0"), 400, nul, nul, "NUL"},
        {0, TEXT("a\r\n\0\r\n"), 0, nul, nul, "NUL in a line of its own"},
        {0, TEXT("\x01\x1b\t"), 0, NULL, NULL, "other control bytes"},
        {0, TEXT("\0\xff"), 999, over_long, over_long, "the length is told first"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char content[4096];
        memset(content, 'x', sizeof content);
        memcpy(content + rows[i].n_before, rows[i].content, rows[i].n);
        const size_t n = rows[i].n_before + rows[i].n + rows[i].n_behind;
        const size_t splits[][2] = {{n, n}, {0, n / 2}, {n / 3, n / 2}, {rows[i].n_before, n}};
        for (size_t k = 0; k < ROWS(splits); k++) {
            struct encoded out;
            encode(content, n, splits[k][0], splits[k][1], 4, PH_BODY_UNDECLARED, &out);
            CHECK(!out.problem, rows[i].note);
            encode(content, n, splits[k][0], splits[k][1], 4, PH_BODY_7BIT, &out);
            CHECK(!out.problem == !rows[i].in_7bit, rows[i].note);
            encode(content, n, splits[k][0], splits[k][1], 4, PH_BODY_8BITMIME, &out);
            CHECK(!out.problem == !rows[i].in_8bit, rows[i].note);
        }
        struct encoded out;
        encode(content, n, n, n, 4, PH_BODY_7BIT, &out);
        CHECK(!out.problem || strcmp(out.problem, rows[i].in_7bit) == 0, rows[i].note);
        encode(content, n, n, n, 4, PH_BODY_8BITMIME, &out);
        CHECK(!out.problem || strcmp(out.problem, rows[i].in_8bit) == 0, rows[i].note);
    }
}

static void check__the_first_problem_stays(void **state)
{
    (void)state;
    struct encoded out;
    encode(TEXT("\x80\r\n\0\r\n"), 2, 4, 4, PH_BODY_7BIT, &out);
    assert_string_equal(out.problem, "a byte beyond 7 bits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode__every_short_content_in_every_split),
        cmocka_unit_test(encode__known_contents),
        cmocka_unit_test(encode__content_that_needs_no_change_is_one_slice_of_it),
        cmocka_unit_test(encode__nothing_adds_nothing),
        cmocka_unit_test(none__is_the_dot_alone),
        cmocka_unit_test(check__what_was_declared_is_held_against_the_content),
        cmocka_unit_test(check__the_first_problem_stays),
    };
    return cmocka_run_group_tests_name("protocol/content_encoder", tests, NULL, NULL);
}
