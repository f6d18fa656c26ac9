/* SPDX-License-Identifier: MIT */
#include "protocol/mailbox.h"

#include <stdio.h>
#include <string.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

#define TEXT(literal) literal, sizeof(literal) - 1

/* What is wrong with the mailbox, asked where reading a byte too far kills the test. */
static const char *problem(const char *mailbox, size_t n)
{
    struct guarded input;
    guarded_init(&input, mailbox, n);
    const char *found = ph__mailbox_problem((const char *)input.bytes, input.n);
    guarded_release(&input);
    return found;
}

static void problem__what_real_addresses_look_like_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *mailbox;
        const char *note;
    } rows[] = {
        {"a@b", "the shortest"},
        {"postmaster", "a local part alone (RFC 5321 section 4.1.1.3)"},
        {"user.name+tag@example.org", "dots and a tag"},
        {"!#$%&'*+-/=?^_`{|}~@example.org", "all of atext"},
        {"a..b@example.org", "two dots in a row, as old Japanese providers gave"},
        {".a.@example.org", "dots at the ends"},
        {"a@sub.example.org", "several labels"},
        {"a@example.org.", "a final dot"},
        {"a@host_name.example", "an underscore, as host names have"},
        {"a@-example-.org", "hyphens at the ends of a label"},
        {"a@123.456", "digits"},
        {"a@[192.0.2.1]", "an IPv4 literal"},
        {"a@[IPv6:2001:db8::1]", "an IPv6 literal"},
        {"a@[x-tag:some!thing]", "a literal of another kind"},
        {"\"a b\"@example.org", "a blank in quotes"},
        {"\"a@b\"@example.org", "an @ in quotes"},
        {"\"<>\"@example.org", "brackets in quotes"},
        {"\"a\\\"b\"@example.org", "an escaped quote"},
        {"\"a\\\\\"@example.org", "an escaped backslash"},
        {"\"\"@example.org", "nothing in quotes"},
        {"\"quoted\"", "a quoted local part alone"},
        {"\xc3\xa9@example.org", "UTF-8 in the local part (RFC 6531)"},
        {"a@\xc3\xa9xample.org", "UTF-8 in the domain"},
        {"\"\xf0\x9f\x93\xae\"@example.org", "UTF-8 in quotes, four bytes long"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK(problem(rows[i].mailbox, strlen(rows[i].mailbox)) == NULL, rows[i].note);
}

static void problem__what_could_break_a_command_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *mailbox;
        size_t n;
        const char *expected;
        const char *note;
    } rows[] = {
        {TEXT(""), "no local part", "nothing at all"},
        {TEXT("@example.org"), "no local part", "a domain alone"},
        {TEXT("@a,@b:c@example.org"), "no local part", "a source route"},
        {TEXT("a@"), "nothing behind the @", "no domain"},
        {TEXT("a@b@c"), "a domain with a byte that none may have", "two @"},
        {TEXT("a@b>"), "a domain with a byte that none may have", "a bracket behind the domain"},
        {TEXT("a@b> NOTIFY=NEVER"), "a domain with a byte that none may have", "a parameter"},
        {TEXT("a@b c"), "a domain with a byte that none may have", "a blank in the domain"},
        {TEXT("a@b\\c"), "a domain with a byte that none may have", "a backslash in the domain"},
        {TEXT("a b@c"), "a blank or bracket outside quotes", "a blank in the local part"},
        {TEXT(" a@b"), "no local part", "a blank in front"},
        {TEXT("a@b "), "a domain with a byte that none may have", "a blank behind"},
        {TEXT("a<b@c"), "a blank or bracket outside quotes", "an opening bracket"},
        {TEXT("a>b@c"), "a blank or bracket outside quotes", "a closing bracket"},
        {TEXT("<a@b>"), "no local part", "brackets around it"},
        {TEXT("a,b@c"), "a byte that needs quotes", "a comma"},
        {TEXT("a\\b@c"), "a byte that needs quotes", "a backslash outside quotes"},
        {TEXT("a\"b\"@c"), "a byte that needs quotes", "quotes in the middle"},
        {TEXT("\"a\"b@c"), "a byte that needs quotes", "an atom behind quotes"},
        {TEXT("\"a\"> X"), "a blank or bracket outside quotes", "a path's end behind quotes"},
        {TEXT("\"a@b"), "a quoted local part without end", "quotes that do not end"},
        {TEXT("\""), "a quoted local part without end", "a quote alone"},
        {TEXT("\"a\\\""), "a quoted local part without end", "the last quote is escaped"},
        {TEXT("\"a\\"), "a quoted local part without end", "a backslash at the end"},
        {TEXT("a\rb@c"), "a control byte", "CR"},
        {TEXT("a\nb@c"), "a control byte", "LF"},
        {TEXT("a@b\r\nDATA"), "a control byte", "a line end in the domain"},
        {TEXT("\"a\r\nb\"@c"), "a control byte", "a line end in quotes"},
        {TEXT("a\0b@c"), "a control byte", "NUL"},
        {TEXT("\"\0\"@c"), "a control byte", "NUL in quotes"},
        {TEXT("\"\\\0\"@c"), "a control byte", "NUL escaped in quotes"},
        {TEXT("\"\t\"@c"), "a control byte", "a tab in quotes"},
        {TEXT("a\x7f@c"), "a control byte", "DEL"},
        {TEXT("a\x80@c"), "bytes that are not UTF-8", "a lone continuation byte"},
        {TEXT("a@\xc3"), "bytes that are not UTF-8", "a character cut off"},
        {TEXT("\xc0\xbe@c"), "bytes that are not UTF-8", "an overlong bracket"},
        {TEXT("a@.b"), "a domain with an empty label", "a dot first"},
        {TEXT("a@b..c"), "a domain with an empty label", "two dots"},
        {TEXT("a@."), "a domain with an empty label", "a dot alone"},
        {TEXT("a@["), "a malformed address literal", "a literal that does not end"},
        {TEXT("a@[]"), "a malformed address literal", "an empty literal"},
        {TEXT("a@[1]b"), "a malformed address literal", "something behind a literal"},
        {TEXT("a@[1]]"), "a malformed address literal", "a literal closed twice"},
        {TEXT("a@[[1]"), "a malformed address literal", "a literal opened twice"},
        {TEXT("a@[1 2]"), "a malformed address literal", "a blank in a literal"},
        {TEXT("a@[1>2]"), "a malformed address literal", "a bracket in a literal"},
        {TEXT("a@[1\"2]"), "a malformed address literal",
         "a quote in a literal, which a server may pair"},
        {TEXT("a@[1\\2]"), "a malformed address literal", "a backslash in a literal"},
        {TEXT("a@[\xc3\xa9]"), "a malformed address literal", "UTF-8 in a literal"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *found = problem(rows[i].mailbox, rows[i].n);
        CHECK(found && strcmp(found, rows[i].expected) == 0, rows[i].note);
    }
}

/* Each byte, outside quotes and within: only what the two alphabets have is taken. */
static void problem__each_byte_is_taken_where_it_may_stand(void **state)
{
    (void)state;
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char atoms[] = "!#$%&'*+-/=?^_`{|}~.";
    for (int byte = 0; byte <= 0xff; byte++) {
        const bool is_letter = byte != '\0' && strchr(letters, byte);
        const bool is_atom = is_letter || (byte != '\0' && strchr(atoms, byte));
        const bool is_domain = is_letter || (byte != '\0' && strchr("-_.", byte));
        const bool is_quoted = byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
        const char local[] = {'a', (char)byte, 'a', '@', 'b'};
        const char domain[] = {'a', '@', 'b', (char)byte, 'b'};
        const char quoted[] = {'"', (char)byte, '"', '@', 'b'};
        const char escaped[] = {'"', '\\', (char)byte, '"', '@', 'b'};
        const bool is_escapable = byte >= 0x20 && byte < 0x7f;
        char note[32];
        (void)snprintf(note, sizeof note, "byte 0x%02x", (unsigned)byte);
        /* "a@a@b" has the byte that ends a local part. */
        CHECK(!problem(local, sizeof local) == is_atom, note);
        CHECK(!problem(domain, sizeof domain) == is_domain, note);
        CHECK(!problem(quoted, sizeof quoted) == is_quoted, note);
        CHECK(!problem(escaped, sizeof escaped) == is_escapable, note);
    }
}

static void is_international__tells_bytes_beyond_ascii(void **state)
{
    (void)state;
    assert_false(ph__mailbox_is_international(""));
    assert_false(ph__mailbox_is_international("a~\x7f@example.org"));
    assert_true(ph__mailbox_is_international("\xc3\xa9@example.org"));
    assert_true(ph__mailbox_is_international("a@example.\xc3\xa9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problem__what_real_addresses_look_like_is_taken),
        cmocka_unit_test(problem__what_could_break_a_command_is_named),
        cmocka_unit_test(problem__each_byte_is_taken_where_it_may_stand),
        cmocka_unit_test(is_international__tells_bytes_beyond_ascii),
    };
    return cmocka_run_group_tests_name("protocol/mailbox", tests, NULL, NULL);
}
