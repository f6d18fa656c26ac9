/* SPDX-License-Identifier: MIT */
#include "protocol/reply.h"

#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/protocol/replies.h"

static void getters__tell_what_the_reply_says(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *whole;
        const char *message;
        const char *enhanced;
        size_t line_count;
        const char *first;
        const char *last;
        const char *note;
    } rows[] = {
        {"250 ok\r\n", 250, "250 ok", "250 ok", NULL, 1, "ok", "ok", "one line"},
        {"250\r\n", 250, "250", "250", NULL, 1, "", "", "a code alone"},
        {"250 \r\n", 250, "250 ", "250 ", NULL, 1, "", "", "a code and a blank"},
        {"220-a\r\n220-\r\n220 c\r\n", 220, "220-a\n220-\n220 c", "220-a", NULL, 3, "a", "c",
         "three lines, one empty"},
        {"550-5.1.1 no\r\n550 5.1.1 such user\r\n", 550, "550-5.1.1 no\n550 5.1.1 such user",
         "550-5.1.1 no", "5.1.1", 2, "5.1.1 no", "5.1.1 such user",
         "enhanced codes stay in the text"},
        {"250-first\r\n250 2.1.0 second\r\n", 250, "250-first\n250 2.1.0 second", "250-first",
         "2.1.0", 2, "first", "2.1.0 second", "an enhanced code in a later line"},
        {"550-5.1.1 a\r\n550 5.7.1 b\r\n", 550, "550-5.1.1 a\n550 5.7.1 b", "550-5.1.1 a", "5.1.1",
         2, "5.1.1 a", "5.7.1 b", "the first enhanced code counts"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__reply_buffer buffer;
        reply_init_with(&buffer, rows[i].text);
        const ph_reply *reply = ph__reply_in(&buffer);
        const char *enhanced = ph_reply_enhanced_code(reply);
        CHECK(ph_reply_code(reply) == rows[i].code, rows[i].note);
        CHECK(strcmp(ph_reply_text(reply), rows[i].whole) == 0, rows[i].note);
        CHECK(strcmp(ph_reply_message(reply), rows[i].message) == 0, rows[i].note);
        CHECK(ph_reply_line_count(reply) == rows[i].line_count, rows[i].note);
        CHECK(strcmp(ph_reply_line(reply, 0), rows[i].first) == 0, rows[i].note);
        CHECK(strcmp(ph_reply_line(reply, rows[i].line_count - 1), rows[i].last) == 0,
              rows[i].note);
        CHECK(!ph_reply_line(reply, rows[i].line_count), rows[i].note);
        CHECK(!ph_reply_line(reply, SIZE_MAX), rows[i].note);
        CHECK(rows[i].enhanced ? enhanced && strcmp(enhanced, rows[i].enhanced) == 0 : !enhanced,
              rows[i].note);
        ph__reply_release(&buffer);
    }
}

static void enhanced_code__only_what_rfc_3463_and_2034_allow(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
        const char *note;
    } rows[] = {
        {"250 2.0.0 ok\r\n", "2.0.0", "success"},
        {"450 4.7.1 wait\r\n", "4.7.1", "for now"},
        {"550 5.123.456 no\r\n", "5.123.456", "three digits"},
        {"550 5.1.1\r\n", "5.1.1", "nothing behind it"},
        {"550-5.1.1\r\n550 no\r\n", "5.1.1", "nothing behind it, in the first of two lines"},
        {"550 5.1.01 no\r\n", "5.1.01", "a zero in front is not ours to judge"},
        {"550 4.1.1 no\r\n", NULL, "the class of another code"},
        {"250 5.1.1 ok\r\n", NULL, "a refusal's class in a success"},
        {"354 3.0.0 go on\r\n", NULL, "there is no class 3"},
        {"150 1.0.0 hm\r\n", NULL, "there is no class 1"},
        {"550 5.1234.1 no\r\n", NULL, "a subject of four digits"},
        {"550 5.1.1234 no\r\n", NULL, "a detail of four digits"},
        {"550 5.1 no\r\n", NULL, "two numbers"},
        {"550 5.1.\r\n", NULL, "no detail"},
        {"550 5..1 no\r\n", NULL, "no subject"},
        {"550 5.1.1.1 no\r\n", NULL, "four numbers"},
        {"550 5.1.1: no\r\n", NULL, "a colon behind it"},
        {"550 5.1.x no\r\n", NULL, "a letter"},
        {"550  5.1.1 no\r\n", NULL, "a blank before it"},
        {"250 2.0.0.example.org\r\n", NULL, "a host name that begins like one"},
        {"550 #5.1.1 no\r\n", NULL, "a mark before it, as qmail has"},
        {"250\r\n", NULL, "no text"},
        {"250 2\r\n", NULL, "one digit"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__reply_buffer buffer;
        reply_init_with(&buffer, rows[i].text);
        const ph_reply *reply = ph__reply_in(&buffer);
        const char *found = ph_reply_enhanced_code(reply);
        CHECK(rows[i].expected ? found && strcmp(found, rows[i].expected) == 0 : !found,
              rows[i].note);
        ph__reply_release(&buffer);
    }
}

static ph_status class_of(int code)
{
    if (code >= 400 && code <= 499)
        return PH_ERR_SERVER_BUSY;
    if (code >= 500 && code <= 509)
        return PH_ERR_SYNTAX;
    if (code >= 530 && code <= 539)
        return PH_ERR_AUTHENTICATION;
    return code >= 500 ? PH_ERR_FATAL : PH_ERR_UNKNOWN;
}

static void classes__of_every_code(void **state)
{
    (void)state;
    for (int16_t code = 100; code <= 599; code++) {
        const struct ph_reply reply = {.code = code};
        assert_int_equal(ph_reply_is_success(&reply), code >= 200 && code <= 299);
        assert_int_equal(ph_reply_is_continue(&reply), code >= 300 && code <= 399);
        assert_int_equal(ph_reply_error_class(&reply), class_of(code));
    }
}

static void cram_md5_challenge__is_decoded_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
        const char *challenge;
        const char *note;
    } rows[] = {
        {"334 PDEyQGE+\r\n", PH_OK, "<12@a>", "a challenge"},
        {"334 PDEyQGE+ more\r\n", PH_OK, "<12@a>", "words behind it"},
        {"334-PDEyQGE+\r\n334 more\r\n", PH_OK, "<12@a>", "the first of two lines"},
        {"334 \r\n", PH_ERR_PROTOCOL, "", "an empty challenge"},
        {"334\r\n", PH_ERR_PROTOCOL, "", "a code alone"},
        {"334 not base64\r\n", PH_ERR_PROTOCOL, "", "not base64"},
        {"334 ====\r\n", PH_ERR_PROTOCOL, "", "padding alone"},
        {"235 PDEyQGE+\r\n", PH_ERR_PROTOCOL, "", "another code"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const size_t n = strlen(rows[i].challenge);
        struct ph__reply_buffer buffer;
        char room[64];
        size_t length = 99;
        reply_init_with(&buffer, rows[i].text);
        const ph_reply *reply = ph__reply_in(&buffer);
        CHECK(ph_reply_cram_md5_challenge(reply, room, sizeof room, &length) == rows[i].status,
              rows[i].note);
        CHECK(length == n, rows[i].note);
        CHECK(n == 0 || memcmp(room, rows[i].challenge, n) == 0, rows[i].note);
        ph__reply_release(&buffer);
    }
}

static void cram_md5_challenge__without_room_says_how_much_is_needed(void **state)
{
    (void)state;
    struct ph__reply_buffer buffer;
    reply_init_with(&buffer, "334 PDEyQGE+\r\n");
    const ph_reply *reply = ph__reply_in(&buffer);
    size_t length = 0;
    assert_int_equal(ph_reply_cram_md5_challenge(reply, NULL, 0, &length), PH_ERR_ARGUMENT);
    assert_int_equal(length, 6);
    char *room = malloc(6);
    assert_non_null(room);
    assert_int_equal(ph_reply_cram_md5_challenge(reply, room, 5, &length), PH_ERR_ARGUMENT);
    assert_int_equal(length, 6);
    assert_int_equal(ph_reply_cram_md5_challenge(reply, room, 6, &length), PH_OK);
    assert_memory_equal(room, "<12@a>", 6);
    free(room);
    ph__reply_release(&buffer);
}

static void assert_same(const struct ph_reply *a, const struct ph_reply *b)
{
    assert_int_equal(ph_reply_code(a), ph_reply_code(b));
    assert_string_equal(ph_reply_text(a), ph_reply_text(b));
    assert_int_equal(ph_reply_line_count(a), ph_reply_line_count(b));
    for (size_t i = 0; i < ph_reply_line_count(a); i++)
        assert_string_equal(ph_reply_line(a, i), ph_reply_line(b, i));
    assert_string_equal(ph_reply_enhanced_code(a), ph_reply_enhanced_code(b));
}

static void assign__equals_and_lives_on_its_own(void **state)
{
    (void)state;
    struct ph__reply_buffer from;
    struct ph__reply_buffer to;
    struct ph__reply_buffer again;
    reply_init_with(&from, "550-5.1.1 no\r\n550 such user\r\n");
    reply_init_with(&to, "450 4.2.0 wait\r\n");
    reply_init_with(&again, "550-5.1.1 no\r\n550 such user\r\n");
    assert_int_equal(ph__reply_assign(&to, ph__reply_in(&from)), PH_OK);
    ph__reply_release(&from);
    assert_same(ph__reply_in(&to), ph__reply_in(&again));
    ph__reply_clear(&to);
    assert_null(ph__reply_in(&to));
    ph__reply_release(&to);
    ph__reply_release(&again);
}

static void assign__without_memory_leaves_no_reply(void **state)
{
    (void)state;
    struct ph__reply_buffer from;
    reply_init_with(&from, "550 5.1.1 no\r\n");
    struct test_allocator test;
    struct ph__reply_buffer to;
    test_allocator_init_failing(&test, 0);
    ph__reply_init(&to, &test.allocator, 100);
    assert_int_equal(ph__reply_assign(&to, ph__reply_in(&from)), PH_ERR_NO_MEMORY);
    assert_null(ph__reply_in(&to));
    ph__reply_release(&to);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&from);
}

static void keep__any_number_in_one_block(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "250 2.1.5 a\r\n", "550-5.1.1 no\r\n550 5.1.1 such user\r\n", "450 4.2.0 wait\r\n"};
    uint32_t places[ROWS(texts)];
    struct ph__buffer block;
    ph__buffer_init(&block, ph__allocator_or_default(NULL), 1000);
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct ph__reply_buffer buffer;
        reply_init_with(&buffer, texts[i]);
        assert_int_equal(ph__reply_keep(&block, ph__reply_in(&buffer), &places[i]), PH_OK);
        assert_int_equal(ph__buffer_append(&block, "odd", 3), PH_OK); /* between them */
        ph__reply_release(&buffer);
    }
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct ph__reply_buffer buffer;
        reply_init_with(&buffer, texts[i]);
        assert_int_equal(places[i] % _Alignof(struct ph_reply), 0);
        assert_same((const void *)(block.bytes + places[i]), ph__reply_in(&buffer));
        ph__reply_release(&buffer);
    }
    ph__buffer_release(&block);
}

static void keep__beyond_the_maximum_nothing_changes(void **state)
{
    (void)state;
    struct ph__reply_buffer buffer;
    struct ph__buffer block;
    uint32_t at = 99;
    reply_init_with(&buffer, "250 ok\r\n");
    ph__buffer_init(&block, ph__allocator_or_default(NULL), sizeof(struct ph_reply) + 6);
    assert_int_equal(ph__reply_keep(&block, ph__reply_in(&buffer), &at), PH_ERR_NO_MEMORY);
    assert_int_equal(block.length, 0);
    assert_int_equal(at, 99);
    ph__reply_release(&buffer);
}

static void cram_md5_challenge__no_memory_is_reported(void **state)
{
    (void)state;
    struct ph__reply_buffer buffer;
    reply_init_with(&buffer, "334 PDEyQGE+\r\n");
    struct test_allocator test;
    struct ph__reply_buffer copy;
    test_allocator_init(&test);
    ph__reply_init(&copy, &test.allocator, 100);
    assert_int_equal(ph__reply_assign(&copy, ph__reply_in(&buffer)), PH_OK);
    test.fail_at = test.n_allocations;
    size_t length = 99;
    char room[8];
    assert_int_equal(ph_reply_cram_md5_challenge(ph__reply_in(&copy), room, sizeof room, &length),
                     PH_ERR_NO_MEMORY);
    assert_int_equal(length, 0);
    ph__reply_release(&copy);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(getters__tell_what_the_reply_says),
        cmocka_unit_test(enhanced_code__only_what_rfc_3463_and_2034_allow),
        cmocka_unit_test(classes__of_every_code),
        cmocka_unit_test(cram_md5_challenge__is_decoded_or_refused),
        cmocka_unit_test(cram_md5_challenge__without_room_says_how_much_is_needed),
        cmocka_unit_test(cram_md5_challenge__no_memory_is_reported),
        cmocka_unit_test(assign__equals_and_lives_on_its_own),
        cmocka_unit_test(assign__without_memory_leaves_no_reply),
        cmocka_unit_test(keep__any_number_in_one_block),
        cmocka_unit_test(keep__beyond_the_maximum_nothing_changes),
    };
    return cmocka_run_group_tests_name("protocol/reply", tests, NULL, NULL);
}
