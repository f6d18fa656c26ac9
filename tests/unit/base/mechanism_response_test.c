/* SPDX-License-Identifier: MIT */
#include "base/mechanism_response.h"

#include <string.h>

#include <posthaste/error.h>

#include "base/base64.h"
#include "unit/base/guarded.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static const char secret[] = "tanstaaftanstaaf";

static void respond__appends(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    struct guarded input;
    guarded_init(&input, "user\0secret", 11);
    assert_int_equal(ph_mechanism_respond(&response, "", 1), PH_OK);
    assert_int_equal(ph_mechanism_respond(&response, input.bytes, input.n), PH_OK);
    assert_int_equal(ph_mechanism_respond(&response, NULL, 0), PH_OK);
    assert_int_equal(response.bytes.length, 12);
    assert_memory_equal(response.bytes.bytes, "\0user\0secret", 12);
    ph__mechanism_response_release(&response);
    guarded_release(&input);
    assert_int_equal(test.live_blocks, 0);
}

static void respond__base64_of_the_longest_is_12288_octets(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    for (int i = 0; i < 9216; i++)
        assert_int_equal(ph_mechanism_respond(&response, "x", 1), PH_OK);
    assert_int_equal(ph_mechanism_respond(&response, "x", 1), PH_ERR_ARGUMENT);
    assert_int_equal(response.bytes.length, 9216);
    struct ph__buffer text;
    ph__buffer_init(&text, &test.allocator, 20000);
    assert_int_equal(ph__base64_encode(&text, response.bytes.bytes, response.bytes.length), PH_OK);
    assert_int_equal(text.length, 12288);
    ph__buffer_release(&text);
    ph__mechanism_response_release(&response);
    assert_int_equal(test.live_blocks, 0);
}

static void respond__no_memory_is_reported(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init_failing(&test, 0);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    assert_int_equal(ph_mechanism_respond(&response, "x", 1), PH_ERR_NO_MEMORY);
    assert_int_equal(response.bytes.length, 0);
    assert_int_equal(ph_mechanism_respond(&response, "x", 1), PH_OK);
    ph__mechanism_response_release(&response);
    assert_int_equal(test.live_blocks, 0);
}

static void reset__wipes_the_bytes_and_keeps_the_explanation(void **state)
{
    (void)state;
    static const uint8_t zeros[sizeof secret - 1];
    struct test_allocator test;
    test_allocator_init(&test);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    assert_int_equal(ph_mechanism_respond(&response, secret, sizeof secret - 1), PH_OK);
    ph_mechanism_explain(&response, "expired");
    const uint8_t *bytes = response.bytes.bytes;
    ph__mechanism_response_reset(&response);
    assert_int_equal(response.bytes.length, 0);
    assert_memory_equal(bytes, zeros, sizeof zeros);
    assert_string_equal(response.explanation, "expired");
    ph__mechanism_response_release(&response);
}

static void release__leaves_no_secret_and_no_explanation(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    test.secret = secret;
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    for (int i = 0; i < 40; i++)
        assert_int_equal(ph_mechanism_respond(&response, secret, sizeof secret - 1), PH_OK);
    ph_mechanism_explain(&response, "expired");
    ph__mechanism_response_release(&response);
    assert_in_range(test.n_allocations, 2, 100); /* it moved */
    assert_false(test.has_released_secret);
    assert_int_equal(test.live_blocks, 0);
    assert_string_equal(response.explanation, "");
    assert_int_equal(ph_mechanism_respond(&response, "again", 5), PH_OK);
    assert_memory_equal(response.bytes.bytes, "again", 5);
    ph__mechanism_response_release(&response);
}

static void explain__keeps_the_last_text(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    assert_string_equal(response.explanation, "");
    ph_mechanism_explain(&response, "first");
    ph_mechanism_explain(&response, "{\"status\":\"401\"}\r\n");
    assert_string_equal(response.explanation, "{\"status\":\"401\"}\r\n");
    ph_mechanism_explain(&response, response.explanation + 1);
    assert_string_equal(response.explanation, "\"status\":\"401\"}\r\n");
    ph_mechanism_explain(&response, NULL);
    assert_string_equal(response.explanation, "");
    assert_int_equal(test.n_allocations, 0);
}

static void explain__long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        size_t indent, times, expected;
        const char *note;
    } rows[] = {
        {"x", 0, 511, 511, "one less than fits"},
        {"x", 0, 512, 512, "just fits"},
        {"x", 0, 513, 512, "one more than fits"},
        {"\xc3\xa4", 0, 400, 512, "two bytes, ending at the edge"},
        {"\xc3\xa4", 1, 400, 511, "two bytes across the edge"},
        {"\xe2\x82\xac", 0, 400, 510, "three bytes across the edge"},
        {"\xf0\x9f\x93\xa7", 3, 400, 511, "four bytes across the edge"},
        {"\xff", 0, 600, 512, "not UTF-8"},
    };
    struct test_allocator test;
    test_allocator_init(&test);
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[2000];
        memset(text, '.', sizeof text);
        const size_t length = strlen(rows[i].piece);
        for (size_t k = 0; k < rows[i].times; k++)
            memcpy(text + rows[i].indent + k * length, rows[i].piece, length);
        text[rows[i].indent + rows[i].times * length] = '\0';
        ph_mechanism_response response;
        ph__mechanism_response_init(&response, &test.allocator);
        ph_mechanism_explain(&response, text);
        CHECK(strlen(response.explanation) == rows[i].expected, rows[i].note);
        CHECK(memcmp(response.explanation, text, rows[i].expected) == 0, rows[i].note);
    }
}

static void complete__holds_until_the_exchange_ends(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, &test.allocator);
    assert_false(response.is_complete);
    ph_mechanism_complete(&response);
    ph__mechanism_response_reset(&response);
    assert_true(response.is_complete);
    ph__mechanism_response_release(&response);
    assert_false(response.is_complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(respond__appends),
        cmocka_unit_test(respond__base64_of_the_longest_is_12288_octets),
        cmocka_unit_test(respond__no_memory_is_reported),
        cmocka_unit_test(reset__wipes_the_bytes_and_keeps_the_explanation),
        cmocka_unit_test(release__leaves_no_secret_and_no_explanation),
        cmocka_unit_test(explain__keeps_the_last_text),
        cmocka_unit_test(explain__long_text_is_cut_at_a_character),
        cmocka_unit_test(complete__holds_until_the_exchange_ends),
    };
    return cmocka_run_group_tests_name("base/mechanism_response", tests, NULL, NULL);
}
