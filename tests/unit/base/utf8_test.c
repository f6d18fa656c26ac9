/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <string.h>

#include "unit/base/guarded.h"
#include "unit/base/test.h"

#define TEXT(literal) literal, sizeof(literal) - 1

/* RFC 3629 section 4 */
static const struct {
    const char *bytes;
    size_t n;
    size_t length; /* of the sequence, 0 for none */
    const char *note;
} sequences[] = {
    {TEXT(""), 0, "nothing"},
    {TEXT("\0"), 1, "NUL"},
    {TEXT("a"), 1, "ASCII"},
    {TEXT("ab"), 1, "ASCII with more behind"},
    {TEXT("\x7f"), 1, "last of one byte"},
    {TEXT("\x80"), 0, "continuation alone"},
    {TEXT("\xbf"), 0, "last continuation alone"},
    {TEXT("\xc0\x80"), 0, "overlong NUL"},
    {TEXT("\xc1\xbf"), 0, "overlong two bytes"},
    {TEXT("\xc2\x80"), 2, "first of two bytes"},
    {TEXT("\xdf\xbf"), 2, "last of two bytes"},
    {TEXT("\xc3"), 0, "cut two bytes"},
    {TEXT("\xc3\x28"), 0, "wrong second byte"},
    {TEXT("\xc3\xc0"), 0, "second byte above the range"},
    {TEXT("\xe0\x9f\xbf"), 0, "overlong three bytes"},
    {TEXT("\xe0\xa0\x80"), 3, "first of three bytes"},
    {TEXT("\xe2\x82\xac"), 3, "euro"},
    {TEXT("\xe2\x82"), 0, "cut three bytes"},
    {TEXT("\xe2"), 0, "three bytes, one there"},
    {TEXT("\xe2\x82\x7f"), 0, "third byte below the range"},
    {TEXT("\xe2\x82\xc0"), 0, "third byte above the range"},
    {TEXT("\xed\x9f\xbf"), 3, "last before the surrogates"},
    {TEXT("\xed\xa0\x80"), 0, "first surrogate"},
    {TEXT("\xed\xbf\xbf"), 0, "last surrogate"},
    {TEXT("\xee\x80\x80"), 3, "first behind the surrogates"},
    {TEXT("\xef\xbf\xbf"), 3, "last of three bytes"},
    {TEXT("\xf0\x8f\xbf\xbf"), 0, "overlong four bytes"},
    {TEXT("\xf0\x90\x80\x80"), 4, "first of four bytes"},
    {TEXT("\xf3\xbf\xbf\xbf"), 4, "four bytes, middle row"},
    {TEXT("\xf4\x8f\xbf\xbf"), 4, "U+10FFFF"},
    {TEXT("\xf4\x90\x80\x80"), 0, "beyond U+10FFFF"},
    {TEXT("\xf0\x9f\x93"), 0, "cut four bytes"},
    {TEXT("\xf0\x9f\x93\x28"), 0, "wrong fourth byte"},
    {TEXT("\xf5\x80\x80\x80"), 0, "lead byte that never occurs"},
    {TEXT("\xff"), 0, "byte that never occurs"},
};

static void sequence__rfc_3629(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(sequences); i++) {
        struct guarded input;
        guarded_init(&input, sequences[i].bytes, sequences[i].n);
        CHECK(ph__utf8_sequence(input.bytes, input.n) == sequences[i].length, sequences[i].note);
        guarded_release(&input);
    }
}

static void is_valid__every_sequence_counts(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        bool is_valid;
        const char *note;
    } rows[] = {
        {TEXT(""), true, "nothing"},
        {TEXT("smtp"), true, "ASCII"},
        {TEXT("a\0b"), true, "NUL inside"},
        {TEXT("d\xc3\xb6rte@example.org"), true, "address"},
        {TEXT("\xf0\x9f\x93\xa7\xe2\x82\xac\xc3\xa4z"), true, "all lengths"},
        {TEXT("d\xf6rte"), false, "Latin-1"},
        {TEXT("d\xc3\xb6rte\xc3"), false, "cut at the end"},
        {TEXT("\x80ok"), false, "wrong at the beginning"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i].bytes, rows[i].n);
        CHECK(ph__utf8_is_valid(input.bytes, input.n) == rows[i].is_valid, rows[i].note);
        guarded_release(&input);
    }
}

static void whole_length__a_cut_character_is_left_out(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        size_t length;
        const char *note;
    } rows[] = {
        {TEXT(""), 0, "nothing"},
        {TEXT("abc"), 3, "ASCII"},
        {TEXT("a\xc3\xa4"), 3, "two bytes, whole"},
        {TEXT("a\xc3"), 1, "one of two bytes"},
        {TEXT("\xe2\x82\xac"), 3, "three bytes, whole"},
        {TEXT("a\xe2\x82"), 1, "two of three bytes"},
        {TEXT("\xe2"), 0, "one of three bytes alone"},
        {TEXT("\xf0\x9f\x93\xa7"), 4, "four bytes, whole"},
        {TEXT("a\xf0\x9f\x93"), 1, "three of four bytes"},
        {TEXT("a\x80\x80\x80"), 4, "no lead byte: not cut, but wrong"},
        {TEXT("a\xff"), 2, "byte that never occurs"},
        {TEXT("\xf0\x80\x80\x80\x80"), 5, "lead byte too far away"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i].bytes, rows[i].n);
        CHECK(ph__utf8_whole_length(input.bytes, input.n) == rows[i].length, rows[i].note);
        guarded_release(&input);
    }
}

static void escape__what_cannot_be_shown(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *shown;
        const char *note;
    } rows[] = {
        {TEXT(""), "", "nothing"},
        {TEXT("250 ok ~"), "250 ok ~", "printable ASCII"},
        {TEXT("a\nb"), "a\nb", "LF stays"},
        {TEXT("a\r\tb"), "a\\r\\tb", "CR and TAB have letters"},
        {TEXT("a\0b"), "a\\x00b", "NUL"},
        {TEXT("\x1b[31m"), "\\x1b[31m", "escape sequence"},
        {TEXT("\x1f\x7f"), "\\x1f\\x7f", "last of C0, DEL"},
        {TEXT("C:\\mail"), "C:\\\\mail", "backslash is doubled"},
        {TEXT("\xc3\xa4\xe2\x82\xac"), "\xc3\xa4\xe2\x82\xac", "UTF-8 stays"},
        {TEXT("\xc2\x80\xc2\x9f"), "\\xc2\\x80\\xc2\\x9f", "C1"},
        {TEXT("\xc2\xa0"), "\xc2\xa0", "first behind C1"},
        {TEXT("d\xf6rte"), "d\\xf6rte", "Latin-1"},
        {TEXT("\xe2\x82"), "\\xe2\\x82", "cut UTF-8"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i].bytes, rows[i].n);
        char out[100];
        const size_t length = ph__escape(out, sizeof out, input.bytes, input.n);
        CHECK(length == strlen(rows[i].shown), rows[i].note);
        CHECK(strcmp(out, rows[i].shown) == 0, rows[i].note);
        guarded_release(&input);
    }
}

static void escape__stops_at_a_whole_character(void **state)
{
    (void)state;
    static const struct {
        size_t room;
        const char *shown;
    } rows[] = {
        {1, ""},
        {2, "a"},
        {3, "a"},
        {4, "a\xc3\xa4"},
        {5, "a\xc3\xa4"},
        {7, "a\xc3\xa4"},
        {8, "a\xc3\xa4\\x01"},
        {9, "a\xc3\xa4\\x01"},
        {10, "a\xc3\xa4\\x01\\r"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char out[16];
        memset(out, '#', sizeof out);
        const size_t length = ph__escape(out, rows[i].room, "a\xc3\xa4\x01\r", 5);
        CHECK(length == strlen(rows[i].shown), rows[i].shown);
        CHECK(strcmp(out, rows[i].shown) == 0, rows[i].shown);
        CHECK(out[rows[i].room] == '#', rows[i].shown);
    }
}

static void escape__any_bytes_become_utf8(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        char out[sizeof bytes * 4 + 1];
        const size_t length = ph__escape(out, sizeof out, bytes, sizeof bytes);
        assert_int_equal(length, strlen(out));
        assert_true(ph__utf8_is_valid((const uint8_t *)out, length));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence__rfc_3629),
        cmocka_unit_test(is_valid__every_sequence_counts),
        cmocka_unit_test(whole_length__a_cut_character_is_left_out),
        cmocka_unit_test(escape__what_cannot_be_shown),
        cmocka_unit_test(escape__stops_at_a_whole_character),
        cmocka_unit_test(escape__any_bytes_become_utf8),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
