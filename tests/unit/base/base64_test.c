/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <limits.h>
#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

#define TEXT(literal) literal, sizeof(literal) - 1

struct pair {
    const char *bytes;
    size_t n;
    const char *text;
    const char *note;
};

static const struct pair pairs[] = {
    {TEXT(""), "", "RFC 4648 section 10: nothing"},
    {TEXT("f"), "Zg==", "RFC 4648 section 10: 1"},
    {TEXT("fo"), "Zm8=", "RFC 4648 section 10: 2"},
    {TEXT("foo"), "Zm9v", "RFC 4648 section 10: 3"},
    {TEXT("foob"), "Zm9vYg==", "RFC 4648 section 10: 4"},
    {TEXT("fooba"), "Zm9vYmE=", "RFC 4648 section 10: 5"},
    {TEXT("foobar"), "Zm9vYmFy", "RFC 4648 section 10: 6"},
    {TEXT("\0test\0test1234"), "AHRlc3QAdGVzdDEyMzQ=", "RFC 4954 section 4.1"},
    {TEXT("\xfb\xff\xbf"), "+/+/", "the last two letters of the alphabet"},
    {TEXT("\0\0\0"), "AAAA", "zeros"},
};

static void encode__known_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(pairs); i++) {
        const struct pair *row = &pairs[i];
        struct guarded input;
        guarded_init(&input, row->bytes, row->n);
        struct ph__buffer out;
        ph__buffer_init(&out, ph__allocator_or_default(NULL), 100);
        CHECK(ph__base64_encode(&out, input.bytes, input.n) == PH_OK, row->note);
        CHECK(out.length == strlen(row->text), row->note);
        CHECK(out.length == 0 || memcmp(out.bytes, row->text, out.length) == 0, row->note);
        ph__buffer_release(&out);
        guarded_release(&input);
    }
}

static void decode__known_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(pairs); i++) {
        const struct pair *row = &pairs[i];
        struct guarded input;
        guarded_init(&input, row->text, strlen(row->text));
        struct ph__buffer out;
        ph__buffer_init(&out, ph__allocator_or_default(NULL), 100);
        CHECK(ph__base64_decode(&out, (const char *)input.bytes, input.n) == PH_OK, row->note);
        CHECK(out.length == row->n, row->note);
        CHECK(out.length == 0 || memcmp(out.bytes, row->bytes, out.length) == 0, row->note);
        ph__buffer_release(&out);
        guarded_release(&input);
    }
}

static void decode__what_is_not_base64_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        const char *note;
    } rows[] = {
        {TEXT("Z"), "one letter"},
        {TEXT("Zg"), "padding missing"},
        {TEXT("Zg="), "padding short"},
        {TEXT("Zm9v="), "padding too much"},
        {TEXT("Z==="), "three of padding"},
        {TEXT("===="), "padding alone"},
        {TEXT("Zg==Zg=="), "padding inside"},
        {TEXT("Z=m8"), "padding in the middle"},
        {TEXT(" Zg="), "blank before"},
        {TEXT("Zg= "), "blank behind"},
        {TEXT("Zg\r\n"), "line end"},
        {TEXT("Zm9v\r\n\r\n"), "line ends behind"},
        {TEXT("-_-_"), "alphabet of URLs"},
        {TEXT("Zm\x00v"), "NUL"},
        {TEXT("Zm9\xff"), "not ASCII"},
        {TEXT("Zm9v Zm9"), "blank inside"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct guarded input;
        guarded_init(&input, rows[i].text, rows[i].n);
        struct ph__buffer out;
        ph__buffer_init(&out, ph__allocator_or_default(NULL), 100);
        CHECK(ph__base64_decode(&out, (const char *)input.bytes, input.n) == PH_ERR_PROTOCOL,
              rows[i].note);
        CHECK(out.length == 0, rows[i].note);
        ph__buffer_release(&out);
        guarded_release(&input);
    }
}

static void both__append_behind_what_is_there(void **state)
{
    (void)state;
    struct ph__buffer out;
    ph__buffer_init(&out, ph__allocator_or_default(NULL), 100);
    assert_int_equal(ph__buffer_append_string(&out, "AUTH PLAIN "), PH_OK);
    assert_int_equal(ph__base64_encode(&out, "foob", 4), PH_OK);
    assert_int_equal(ph__base64_decode(&out, "IQ==", 4), PH_OK);
    assert_int_equal(out.length, 20);
    assert_memory_equal(out.bytes, "AUTH PLAIN Zm9vYg==!", 20);
    ph__buffer_release(&out);
}

static void both__every_length_comes_back(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 73 + 5);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct ph__buffer text;
        struct ph__buffer back;
        ph__buffer_init(&text, ph__allocator_or_default(NULL), 1000);
        ph__buffer_init(&back, ph__allocator_or_default(NULL), 1000);
        assert_int_equal(ph__base64_encode(&text, bytes, n), PH_OK);
        assert_int_equal(text.length, (n + 2) / 3 * 4);
        assert_int_equal(ph__base64_decode(&back, (const char *)text.bytes, text.length), PH_OK);
        assert_int_equal(back.length, n);
        if (n > 0)
            assert_memory_equal(back.bytes, bytes, n);
        ph__buffer_release(&text);
        ph__buffer_release(&back);
    }
}

static void both__beyond_the_maximum_is_refused_whole(void **state)
{
    (void)state;
    struct ph__buffer out;
    ph__buffer_init(&out, ph__allocator_or_default(NULL), 8);
    assert_int_equal(ph__base64_encode(&out, "seven..", 7), PH_ERR_ARGUMENT);
    assert_int_equal(ph__base64_decode(&out, "Zm9vZm9vZm9v", 12), PH_ERR_ARGUMENT);
    assert_int_equal(out.length, 0);
    ph__buffer_release(&out);
}

static void encode__more_than_an_int_holds_is_refused(void **state)
{
    (void)state;
    struct ph__buffer out;
    ph__buffer_init(&out, ph__allocator_or_default(NULL), UINT32_MAX);
    assert_int_equal(ph__base64_encode(&out, "", (size_t)INT_MAX), PH_ERR_ARGUMENT);
    assert_int_equal(ph__base64_decode(&out, "", (size_t)INT_MAX + 1), PH_ERR_PROTOCOL);
    ph__buffer_release(&out);
}

static void both__no_memory_is_reported(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 0);
    test.fails_from_there = true;
    struct ph__buffer out;
    ph__buffer_init(&out, &test.allocator, 100);
    assert_int_equal(ph__base64_encode(&out, "foo", 3), PH_ERR_NO_MEMORY);
    assert_int_equal(ph__base64_decode(&out, "Zm9v", 4), PH_ERR_NO_MEMORY);
    assert_int_equal(out.length, 0);
    ph__buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encode__known_pairs),
        cmocka_unit_test(decode__known_pairs),
        cmocka_unit_test(decode__what_is_not_base64_is_refused),
        cmocka_unit_test(both__append_behind_what_is_there),
        cmocka_unit_test(both__every_length_comes_back),
        cmocka_unit_test(both__beyond_the_maximum_is_refused_whole),
        cmocka_unit_test(encode__more_than_an_int_holds_is_refused),
        cmocka_unit_test(both__no_memory_is_reported),
    };
    return cmocka_run_group_tests_name("base/base64", tests, NULL, NULL);
}
