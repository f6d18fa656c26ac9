/* SPDX-License-Identifier: MIT */
/* What is found in content, compared with a look at each byte. */
#include "protocol/content_scan.h"

#include <stdlib.h>
#include <string.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

static size_t look_at_each(const uint8_t *bytes, size_t n, bool at_line_start, bool finds_dots)
{
    for (size_t i = 0; i < n; i++) {
        const bool begins_line = i == 0 ? at_line_start : bytes[i - 1] == '\n';
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            return i;
        if (bytes[i] == '\r' && (i + 1 == n || bytes[i + 1] != '\n'))
            return i;
        if (bytes[i] == '.' && begins_line && finds_dots)
            return i;
    }
    return n;
}

/* A block of its own size, so that reading beyond it is seen. */
static void check(const uint8_t *bytes, size_t n)
{
    uint8_t *block = malloc(n > 0 ? n : 1);
    assert_non_null(block);
    memcpy(block, bytes, n);
    for (int flags = 0; flags < 4; flags++) {
        const bool at_line_start = flags & 1;
        const bool finds_dots = flags & 2;
        assert_int_equal(ph__content_scan(block, n, at_line_start, finds_dots),
                         look_at_each(block, n, at_line_start, finds_dots));
    }
    free(block);
}

enum {
    length_max = 400
};

static void scan__finds_one_byte_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const finds[] = {"\n", "\r", "\r\n", "\r\n.", "\n\r", "\r\r\n", "."};
    uint8_t bytes[length_max];
    for (size_t f = 0; f < ROWS(finds); f++) {
        const size_t found = strlen(finds[f]);
        for (size_t n = found; n <= 200; n += 1 + n / 16) {
            for (size_t at = 0; at + found <= n; at++) {
                memset(bytes, 'x', n);
                memcpy(bytes + at, finds[f], found);
                check(bytes, n);
            }
        }
    }
}

static void scan__finds_nothing_where_nothing_is(void **state)
{
    (void)state;
    uint8_t bytes[length_max];
    for (size_t i = 0; i < length_max; i++)
        bytes[i] = (uint8_t)("a.b\r\n"[i % 5]);
    for (size_t n = 0; n <= length_max; n++)
        check(bytes, n);
}

static void scan__agrees_on_any_mixture(void **state)
{
    (void)state;
    static const char alphabet[] = "xxxxxxxxxxxx.\r\n";
    uint8_t bytes[length_max];
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        const size_t n = (size_t)(round % length_max);
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)alphabet[(seed >> 16) % (sizeof alphabet - 1)];
            /* mostly whole line ends, so that runs get long */
            if (bytes[i] == '\n' && i > 0 && round % 3 != 0)
                bytes[i - 1] = '\r';
        }
        check(bytes, n);
    }
}

/* Of long content the bytes ahead are asked for, also where there are none. */
static void scan__fetches_ahead_of_long_content_without_reading_beyond_it(void **state)
{
    (void)state;
    enum {
        long_length = 100 * 1000
    };
    uint8_t *bytes = malloc(long_length);
    assert_non_null(bytes);
    for (size_t i = 0; i < long_length; i++)
        bytes[i] = (uint8_t)("line\r\n"[i % 6]);
    bytes[long_length - 2] = '\r';
    bytes[long_length - 1] = '\n';
    for (size_t at = long_length; at > 0; at -= long_length / 10) {
        struct guarded guarded;
        guarded_init(&guarded, bytes, long_length);
        if (at < long_length)
            guarded.bytes[at] = '\r';
        assert_int_equal(ph__content_scan(guarded.bytes, guarded.n, true, true),
                         look_at_each(guarded.bytes, guarded.n, true, true));
        guarded_release(&guarded);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scan__finds_one_byte_wherever_it_stands),
        cmocka_unit_test(scan__finds_nothing_where_nothing_is),
        cmocka_unit_test(scan__agrees_on_any_mixture),
        cmocka_unit_test(scan__fetches_ahead_of_long_content_without_reading_beyond_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
