/* SPDX-License-Identifier: MIT */
#include "protocol/command_line.h"

#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "protocol/address.h"
#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static void out_init(struct ph__buffer *out)
{
    ph__buffer_init(out, ph__allocator_or_default(NULL), 64 * 1024);
    assert_int_equal(ph__buffer_append_string(out, "NOOP\r\n"), PH_OK);
}

/* What stands behind the line that was there before. */
static bool appended(const struct ph__buffer *out, const char *expected)
{
    const size_t n = strlen(expected);
    return out->length == 6 + n && memcmp(out->bytes, "NOOP\r\n", 6) == 0 &&
           memcmp(out->bytes + 6, expected, n) == 0;
}

static void line__verb_and_argument_make_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *verb, *argument;
        const char *expected;
        const char *note;
    } rows[] = {
        {"RSET", NULL, "RSET\r\n", "a verb alone"},
        {"EHLO", "client.example.org", "EHLO client.example.org\r\n", "verb and argument"},
        {"NOOP", "", "NOOP\r\n", "an empty argument is none"},
        {NULL, "XCLIENT A=b", "XCLIENT A=b\r\n", "a whole line"},
        {NULL, "", "\r\n", "an empty line: an empty response in AUTH"},
        {"VRFY", "a b", "VRFY a b\r\n", "blanks inside"},
        {"VRFY", "\xc3\xa9\xff", "VRFY \xc3\xa9\xff\r\n", "bytes beyond ASCII"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__buffer out;
        out_init(&out);
        CHECK(ph__command_line(&out, rows[i].verb, rows[i].argument) == PH_OK, rows[i].note);
        CHECK(appended(&out, rows[i].expected), rows[i].note);
        ph__buffer_release(&out);
    }
}

static void line__no_control_byte_gets_past(void **state)
{
    (void)state;
    struct ph__buffer out;
    out_init(&out);
    for (int byte = 1; byte <= 0x7f; byte++) {
        const char argument[] = {'a', (char)byte, 'b', '\0'};
        const bool is_control = byte < 0x20 || byte == 0x7f;
        ph__buffer_truncate(&out, 6);
        const int status = ph__command_line(&out, "VRFY", argument);
        assert_int_equal(status, is_control ? PH_ERR_ARGUMENT : PH_OK);
        if (is_control)
            assert_true(appended(&out, ""));
        ph__buffer_truncate(&out, 6);
        assert_int_equal(ph__command_line(&out, argument, NULL), status);
    }
    assert_int_equal(ph__command_line(&out, "VRFY", "a\r\nDATA"), PH_ERR_ARGUMENT);
    ph__buffer_release(&out);
}

static void line__the_longest_is_taken_and_one_byte_more_refused(void **state)
{
    (void)state;
    char *text = malloc(ph__command_line_max + 2);
    assert_non_null(text);
    memset(text, 'x', ph__command_line_max + 1);
    text[ph__command_line_max + 1] = '\0';
    struct ph__buffer out;
    out_init(&out);
    assert_int_equal(ph__command_line(&out, NULL, text), PH_ERR_ARGUMENT);
    assert_true(appended(&out, ""));
    assert_int_equal(ph__command_line(&out, NULL, text + 1), PH_OK);
    assert_int_equal(out.length, 6 + ph__command_line_max + 2);
    ph__buffer_release(&out);
    free(text);
}

static void line__a_full_buffer_is_left_as_it_was(void **state)
{
    (void)state;
    /* Enough for each first so many bytes, line end not included: nothing may stay. */
    for (size_t max = 6; max < 6 + strlen("VRFY a\r\n"); max++) {
        struct ph__buffer out;
        ph__buffer_init(&out, ph__allocator_or_default(NULL), max);
        assert_int_equal(ph__buffer_append_string(&out, "NOOP\r\n"), PH_OK);
        assert_int_equal(ph__command_line(&out, "VRFY", "a"), PH_ERR_ARGUMENT);
        assert_true(appended(&out, ""));
        ph__buffer_release(&out);
    }
}

static ph_address *made(const char *mailbox, const char *keyword, const char *value)
{
    ph_address *address;
    assert_int_equal(ph_address_new(mailbox, NULL, &address), PH_OK);
    if (keyword)
        assert_int_equal(ph_address_add_parameter(address, keyword, value), PH_OK);
    return address;
}

static void mail_line__has_path_parameters_and_declarations(void **state)
{
    (void)state;
    static const struct {
        const char *mailbox, *keyword, *value;
        struct ph__mail_extensions extensions;
        const char *expected;
        const char *note;
    } rows[] = {
        {"a@b", NULL, NULL, {NULL, false}, "MAIL FROM:<a@b>\r\n", "plain"},
        {"", NULL, NULL, {NULL, false}, "MAIL FROM:<>\r\n", "the null sender"},
        {"a@b", "SIZE", "10", {NULL, false}, "MAIL FROM:<a@b> SIZE=10\r\n", "a parameter"},
        {"a@b",
         "RET",
         "HDRS",
         {"8BITMIME", true},
         "MAIL FROM:<a@b> RET=HDRS BODY=8BITMIME SMTPUTF8\r\n",
         "all there is"},
        {"a@b", NULL, NULL, {"7BIT", false}, "MAIL FROM:<a@b> BODY=7BIT\r\n", "a body type"},
        {"a@b",
         "body",
         "7BIT",
         {"8BITMIME", false},
         "MAIL FROM:<a@b> body=7BIT\r\n",
         "the caller's own BODY stays alone"},
        {"a@b",
         "SmtpUTF8",
         NULL,
         {NULL, true},
         "MAIL FROM:<a@b> SmtpUTF8\r\n",
         "the caller's own SMTPUTF8 stays alone"},
        {"a@b",
         "BODYX",
         "1",
         {"7BIT", false},
         "MAIL FROM:<a@b> BODYX=1 BODY=7BIT\r\n",
         "a keyword that begins like BODY"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ph_address *from = made(rows[i].mailbox, rows[i].keyword, rows[i].value);
        struct ph__buffer out;
        out_init(&out);
        CHECK(ph__mail_line(&out, from, &rows[i].extensions) == PH_OK, rows[i].note);
        CHECK(appended(&out, rows[i].expected), rows[i].note);
        ph__buffer_release(&out);
        ph_address_free(from);
    }
}

static void mail_line__without_address_has_the_null_sender(void **state)
{
    (void)state;
    const struct ph__mail_extensions extensions = {.body = "8BITMIME", .smtputf8 = true};
    struct ph__buffer out;
    out_init(&out);
    assert_int_equal(ph__mail_line(&out, NULL, &extensions), PH_OK);
    assert_true(appended(&out, "MAIL FROM:<> BODY=8BITMIME SMTPUTF8\r\n"));
    ph__buffer_release(&out);
}

static void rcpt_line__has_path_and_parameters(void **state)
{
    (void)state;
    ph_address *to = made("\"a>b\"@c", "NOTIFY", "NEVER");
    assert_int_equal(ph_address_add_parameter(to, "X", NULL), PH_OK);
    struct ph__buffer out;
    out_init(&out);
    assert_int_equal(ph__rcpt_line(&out, to), PH_OK);
    assert_true(appended(&out, "RCPT TO:<\"a>b\"@c> NOTIFY=NEVER X\r\n"));
    ph__buffer_release(&out);
    ph_address_free(to);
}

static void lines__the_longest_address_fits(void **state)
{
    (void)state;
    char mailbox[PH_ADDRESS_MAX + 1];
    char value[ph__parameters_max_bytes - 2];
    memset(mailbox, 'a', sizeof mailbox - 1);
    memset(value, 'v', sizeof value - 1);
    mailbox[sizeof mailbox - 1] = '\0';
    value[sizeof value - 1] = '\0';
    ph_address *address = made(mailbox, "X", value);
    const struct ph__mail_extensions extensions = {.body = "8BITMIME", .smtputf8 = true};
    struct ph__buffer out;
    out_init(&out);
    assert_int_equal(ph__mail_line(&out, address, &extensions), PH_OK);
    assert_int_equal(ph__rcpt_line(&out, address), PH_OK);
    ph__buffer_release(&out);
    ph_address_free(address);
}

static void lines__each_allocation_may_fail(void **state)
{
    (void)state;
    char mailbox[200];
    memset(mailbox, 'a', sizeof mailbox - 1);
    mailbox[sizeof mailbox - 1] = '\0';
    ph_address *address = made(mailbox, "NOTIFY", "NEVER");
    const struct ph__mail_extensions extensions = {.body = "8BITMIME", .smtputf8 = true};
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        struct ph__buffer out;
        test_allocator_init_failing(&test, n);
        ph__buffer_init(&out, &test.allocator, 1000);
        int status = ph__mail_line(&out, address, &extensions);
        const size_t length = out.length;
        if (status == PH_OK)
            status = ph__rcpt_line(&out, address);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        assert_true(has_failed ? out.length == length || out.length == 0 : n >= 3);
        ph__buffer_release(&out);
        assert_int_equal(test.live_blocks, 0);
    }
    ph_address_free(address);
}

static void shown__hides_what_auth_says(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t n;
        const char *expected;
        const char *note;
    } rows[] = {
        {TEXT(""), "", "nothing"},
        {TEXT("\r\n"), "", "an empty line"},
        {TEXT("RSET\r\n"), "RSET", "a verb"},
        {TEXT("RCPT TO:<a@b> X=1\r\n"), "RCPT TO:<a@b> X=1", "an address with parameters"},
        {TEXT("AUTH PLAIN AGEAYg==\r\n"), "AUTH PLAIN <redacted>", "a first response"},
        {TEXT("auth plain AGEAYg==\r\n"), "auth plain <redacted>", "in small letters"},
        {TEXT("AUTH\tPLAIN\tAGEAYg==\r\n"), "AUTH\\tPLAIN <redacted>", "with tabs"},
        {TEXT("AUTH  PLAIN  AGEAYg==\r\n"), "AUTH  PLAIN <redacted>", "with two blanks"},
        {TEXT("  AUTH PLAIN AGEAYg==\r\n"), "  AUTH PLAIN <redacted>",
         "blanks first, which some servers skip"},
        {TEXT("AUTH PLAIN AGEAYg=="), "AUTH PLAIN <redacted>", "without line end"},
        {TEXT("AUTH PLAIN a b c\r\n"), "AUTH PLAIN <redacted>", "several words"},
        {TEXT("AUTH PLAIN \r\n"), "AUTH PLAIN <redacted>", "a blank behind the mechanism"},
        {TEXT("AUTH LOGIN\r\n"), "AUTH LOGIN", "a mechanism alone"},
        {TEXT("AUTH\r\n"), "AUTH", "the verb alone"},
        {TEXT("AUTH \r\n"), "AUTH ", "the verb and a blank"},
        {TEXT("AUTHX a b\r\n"), "AUTHX a b", "another verb"},
        {TEXT("AUT"), "AUT", "half the verb"},
        {TEXT("VRFY a\0b\x1b\xff\r\n"), "VRFY a\\x00b\\x1b\\xff", "control bytes are escaped"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        char shown[64];
        guarded_init(&input, rows[i].line, rows[i].n);
        memset(shown, '?', sizeof shown);
        ph__command_shown(shown, sizeof shown, input.bytes, input.n);
        if (strcmp(shown, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\"", rows[i].note, shown);
        guarded_release(&input);
    }
}

static void shown__without_room_is_cut_and_shows_no_secret(void **state)
{
    (void)state;
    static const char line[] = "AUTH PLAIN secret\r\n";
    static const char whole[] = "AUTH PLAIN <redacted>";
    for (size_t room = 1; room <= sizeof whole; room++) {
        char *shown = malloc(room);
        assert_non_null(shown);
        ph__command_shown(shown, room, line, sizeof line - 1);
        assert_true(strlen(shown) < room);
        assert_int_equal(strncmp(shown, whole, strlen(shown)), 0);
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__verb_and_argument_make_a_line),
        cmocka_unit_test(line__no_control_byte_gets_past),
        cmocka_unit_test(line__the_longest_is_taken_and_one_byte_more_refused),
        cmocka_unit_test(line__a_full_buffer_is_left_as_it_was),
        cmocka_unit_test(mail_line__has_path_parameters_and_declarations),
        cmocka_unit_test(mail_line__without_address_has_the_null_sender),
        cmocka_unit_test(rcpt_line__has_path_and_parameters),
        cmocka_unit_test(lines__the_longest_address_fits),
        cmocka_unit_test(lines__each_allocation_may_fail),
        cmocka_unit_test(shown__hides_what_auth_says),
        cmocka_unit_test(shown__without_room_is_cut_and_shows_no_secret),
    };
    return cmocka_run_group_tests_name("protocol/command_line", tests, NULL, NULL);
}
