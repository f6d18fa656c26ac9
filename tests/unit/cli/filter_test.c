/* SPDX-License-Identifier: MIT */
#include "cli/bulk/filter.h"

#include <stdlib.h>
#include <string.h>

#include "cli/bulk/bytes.h"
#include "unit/base/test.h"

/* Filters a text that comes in pieces of @p step bytes. */
static void run_filter(enum from_quoting quoting, const char *text, size_t step, struct bytes *out)
{
    struct filter filter = filter_begin(quoting);
    const size_t n = strlen(text);
    size_t at = 0;
    size_t seen = step < n ? step : n;
    bytes_clear(out);
    assert_true(bytes_append(out, "", 0));
    for (;;) {
        struct passed passed;
        char *exact = malloc(seen - at + 1);
        assert_non_null(exact);
        memcpy(exact, text + at, seen - at);
        const size_t taken = filter_next(&filter, exact, seen - at, seen == n, &passed);
        assert_true(bytes_append(out, taken ? passed.bytes : "", taken ? passed.n : 0));
        free(exact);
        at += taken;
        if (taken == 0 && seen == n)
            break;
        if (taken == 0)
            seen = n - seen < step ? n : seen + step;
    }
    assert_int_equal(at, n);
}

static void what_passes(void **state)
{
    (void)state;
    static const struct {
        enum from_quoting quoting;
        const char *text, *expected, *note;
    } rows[] = {
        {QUOTING_NONE, "To: a\nBcc: b\nSubject: c\n\nBcc: d\n", "To: a\nSubject: c\n\nBcc: d\n",
         "Bcc of the header alone"},
        {QUOTING_NONE, "bCC : b,\r\n c,\r\n\td\r\nTo: a\r\n\r\n", "To: a\r\n\r\n",
         "folded, in any case, with a blank"},
        {QUOTING_NONE, "Return-Path: <a@b>\nX: y\n\n", "X: y\n\n", "Return-Path"},
        {QUOTING_NONE, "Resent-Bcc: a\nBccc: b\nX-Bcc: c\n\n", "Bccc: b\nX-Bcc: c\n\n",
         "whole names alone"},
        {QUOTING_NONE, "A: b\n\n>From x\n", "A: b\n\n>From x\n", "nothing was quoted"},
        {QUOTING_MBOXRD, "A: b\n\n>From x\n>>From y\n>>>From z\n> From\n>Fromage\n",
         "A: b\n\nFrom x\n>From y\n>>From z\n> From\n>Fromage\n", "mboxrd"},
        {QUOTING_MBOXO, "A: b\n\n>From x\n>>From y\n", "A: b\n\nFrom x\n>>From y\n", "mboxo"},
        {QUOTING_MBOXRD, "A: b\n\nx >From y\n", "A: b\n\nx >From y\n", "in the middle of a line"},
        {QUOTING_MBOXRD, ">From x\n\n", ">From x\n\n", "in the header it is none"},
        {QUOTING_NONE, "Bcc: x", "", "a last line without an end"},
        {QUOTING_NONE, "", "", "nothing"},
        {QUOTING_NONE, "\nBcc: x\n", "\nBcc: x\n", "no header"},
    };
    struct bytes out = {.data = NULL};
    for (size_t i = 0; i < ROWS(rows); i++) {
        for (size_t step = 1; step <= strlen(rows[i].text) + 1; step++) {
            run_filter(rows[i].quoting, rows[i].text, step, &out);
            if (strcmp(out.data, rows[i].expected) != 0)
                fail_msg("%s, in pieces of %zu: \"%s\"", rows[i].note, step, out.data);
        }
    }
    bytes_release(&out);
}

static void a_long_line__passes_in_pieces(void **state)
{
    (void)state;
    struct bytes out = {.data = NULL};
    char text[1000] = "Bcc: ";
    memset(text + 5, 'x', 500);
    strcpy(text + 505, "\nA: b\n\nyyyy");
    for (size_t step = 1; step < 600; step += 7) {
        run_filter(QUOTING_NONE, text, step, &out);
        assert_string_equal(out.data, "A: b\n\nyyyy");
    }
    bytes_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_passes),
        cmocka_unit_test(a_long_line__passes_in_pieces),
    };
    return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
