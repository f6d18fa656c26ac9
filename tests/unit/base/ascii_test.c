/* SPDX-License-Identifier: MIT */
#include "base/ascii.h"

#include "unit/base/test.h"

static void equal__case_of_ascii_letters_alone_is_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
        const char *note;
    } rows[] = {
        {"", "", true, "empty"},
        {"SIZE", "size", true, "upper and lower"},
        {"StartTLS", "sTARTtls", true, "mixed"},
        {"8BITMIME", "8bitmime", true, "digits"},
        {"STARTTLS", "STARTTLSX", false, "longer"},
        {"STARTTLSX", "STARTTLS", false, "shorter"},
        {"", "A", false, "empty and not"},
        {"A", "", false, "not and empty"},
        {"@", "`", false, "the byte below A and the one below a"},
        {"[", "{", false, "the byte above Z and the one above z"},
        {"\xc3\x84", "\xc3\xa4", false, "letters of UTF-8"},
        {"\xc4", "\xe4", false, "letters of Latin-1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK(ph__ascii_equal(rows[i].a, rows[i].b) == rows[i].equal, rows[i].note);
}

static void starts_with__prefix_is_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text, *prefix;
        bool starts;
        const char *note;
    } rows[] = {
        {"unix:/run/mail", "UNIX:", true, "other case"},
        {"unix:", "unix:", true, "nothing behind"},
        {"unix", "unix:", false, "text ends first"},
        {"", "a", false, "empty text"},
        {"anything", "", true, "empty prefix"},
        {"xunix:", "unix:", false, "not at the beginning"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        CHECK(ph__ascii_starts_with(rows[i].text, rows[i].prefix) == rows[i].starts, rows[i].note);
}

static void has_control_bytes__c0_and_del(void **state)
{
    (void)state;
    for (int byte = 1; byte < 256; byte++) {
        const char text[] = {'a', (char)byte, '\0'};
        const bool expected = byte < 0x20 || byte == 0x7f;
        if (ph__has_control_bytes(text) != expected)
            fail_msg("byte 0x%02x", (unsigned)byte);
    }
    assert_false(ph__has_control_bytes(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal__case_of_ascii_letters_alone_is_ignored),
        cmocka_unit_test(starts_with__prefix_is_whole),
        cmocka_unit_test(has_control_bytes__c0_and_del),
    };
    return cmocka_run_group_tests_name("base/ascii", tests, NULL, NULL);
}
