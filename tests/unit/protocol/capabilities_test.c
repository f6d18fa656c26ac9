/* SPDX-License-Identifier: MIT */
#include "protocol/capabilities.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"
#include "unit/protocol/replies.h"

static ph_capabilities *offered(const char *text)
{
    struct ph__reply_buffer reply;
    ph_capabilities *capabilities;
    reply_init_with(&reply, text);
    assert_int_equal(ph_reply_capabilities(ph__reply_in(&reply), &capabilities), PH_OK);
    ph__reply_release(&reply);
    return capabilities;
}

/* "KEYWORD[parameters] KEYWORD[] | MECHANISM MECHANISM" */
static const char *shown(const ph_capabilities *capabilities)
{
    static char text[1024];
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < ph_capabilities_count(capabilities); i++) {
        const char *keyword = ph_capabilities_keyword(capabilities, i);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s[%s] ", keyword,
                                   ph_capabilities_parameters(capabilities, keyword));
    }
    length += (size_t)snprintf(text + length, sizeof text - length, "|");
    for (size_t i = 0; i < ph_capabilities_auth_count(capabilities); i++)
        length += (size_t)snprintf(text + length, sizeof text - length, " %s",
                                   ph_capabilities_auth(capabilities, i));
    assert_null(ph_capabilities_keyword(capabilities, ph_capabilities_count(capabilities)));
    assert_null(ph_capabilities_auth(capabilities, ph_capabilities_auth_count(capabilities)));
    return text;
}

static void read__lines_become_keywords_and_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *reply;
        const char *expected;
        const char *note;
    } rows[] = {
        {"250 mx.example.org\r\n", "|", "one line, as HELO gives: nothing"},
        {"250-mx STARTTLS\r\n250 SIZE\r\n", "SIZE[] |", "the first line is the server's name"},
        {"250-mx\r\n250-SIZE 1000\r\n250-PIPELINING\r\n250 HELP\r\n",
         "SIZE[1000] PIPELINING[] HELP[] |", "in the server's order"},
        {"250-mx\r\n250 size 1\r\n", "size[1] |", "in the server's spelling"},
        {"250-mx\r\n250-  SIZE \t 1  2 \r\n250 X\r\n", "SIZE[1 2] X[] |", "blanks and tabs"},
        {"250-mx\r\n250-\r\n250 \r\n", "|", "empty lines"},
        {"250-mx\r\n250\r\n", "|", "a last line without text"},
        {"250-mx\r\n250-SIZE 1\r\n250-X\r\n250 size 2\r\n", "size[2] X[] |",
         "what comes twice counts as it came last"},
        {"250-mx\r\n250 AUTH PLAIN LOGIN\r\n", "AUTH[PLAIN LOGIN] | PLAIN LOGIN", "AUTH"},
        {"250-mx\r\n250 auth plain\r\n", "auth[plain] | plain", "AUTH in small letters"},
        {"250-mx\r\n250 AUTH=LOGIN PLAIN\r\n", "AUTH[LOGIN PLAIN] | LOGIN PLAIN", "AUTH="},
        {"250-mx\r\n250-AUTH PLAIN\r\n250 AUTH=PLAIN LOGIN\r\n", "AUTH[PLAIN LOGIN] | PLAIN LOGIN",
         "both forms"},
        {"250-mx\r\n250-AUTH=LOGIN\r\n250 AUTH PLAIN\r\n", "AUTH[LOGIN PLAIN] | LOGIN PLAIN",
         "both forms, the old one first"},
        {"250-mx\r\n250-AUTH PLAIN\r\n250 AUTH LOGIN plain\r\n", "AUTH[PLAIN LOGIN] | PLAIN LOGIN",
         "AUTH twice"},
        {"250-mx\r\n250 AUTH\r\n", "AUTH[] |", "AUTH without mechanism"},
        {"250-mx\r\n250 AUTH=\r\n", "AUTH[] |", "AUTH= without mechanism"},
        {"250-mx\r\n250 AUTHX PLAIN\r\n", "AUTHX[PLAIN] |", "another word that begins with AUTH"},
        {"250-mx\r\n250 XAUTH PLAIN\r\n", "XAUTH[PLAIN] |", "another word that ends in AUTH"},
        {"250-mx\r\n250 X=\x01\xff\r\n", "X=\x01\xff[] |", "bytes are kept as they came"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ph_capabilities *capabilities = offered(rows[i].reply);
        const char *found = shown(capabilities);
        if (strcmp(found, rows[i].expected) != 0)
            fail_msg("%s: got \"%s\"", rows[i].note, found);
        ph_capabilities_free(capabilities);
    }
}

static void has__compares_whole_words_without_case(void **state)
{
    (void)state;
    ph_capabilities *capabilities =
        offered("250-mx\r\n250-STARTTLSX\r\n250-SIZE 10\r\n250 AUTH CRAM-MD5 PLAIN\r\n");
    assert_true(ph_capabilities_has(capabilities, "SIZE"));
    assert_true(ph_capabilities_has(capabilities, "size"));
    assert_false(ph_capabilities_has(capabilities, "SIZ"));
    assert_false(ph_capabilities_has(capabilities, "SIZE 10"));
    assert_false(ph_capabilities_has(capabilities, "STARTTLS"));
    assert_false(ph_capabilities_has(capabilities, "mx"));
    assert_false(ph_capabilities_has(capabilities, ""));
    assert_string_equal(ph_capabilities_parameters(capabilities, "Size"), "10");
    assert_string_equal(ph_capabilities_parameters(capabilities, "STARTTLSX"), "");
    assert_null(ph_capabilities_parameters(capabilities, "HELP"));
    assert_true(ph_capabilities_has_auth(capabilities, "cram-md5"));
    assert_false(ph_capabilities_has_auth(capabilities, "CRAM"));
    assert_false(ph_capabilities_has_auth(capabilities, ""));
    ph_capabilities_free(capabilities);
}

static void append(char *text, const char *before, int number, const char *behind)
{
    (void)sprintf(text + strlen(text), "%s%d%s", before, number, behind);
}

static void read__more_than_the_limits_is_left_out(void **state)
{
    (void)state;
    static char text[16 * 1024] = "250-mx\r\n";
    for (int i = 0; i < ph__capabilities_max + 5; i++)
        append(text, "250-X", i, "\r\n");
    strcat(text, "250 LAST\r\n");
    ph_capabilities *capabilities = offered(text);
    assert_int_equal(ph_capabilities_count(capabilities), ph__capabilities_max);
    assert_true(ph_capabilities_has(capabilities, "X127"));
    assert_false(ph_capabilities_has(capabilities, "X128"));
    ph_capabilities_free(capabilities);

    strcpy(text, "250-mx\r\n250 AUTH");
    for (int i = 0; i < ph__auth_mechanisms_max + 5; i++)
        append(text, " M", i, "");
    strcat(text, "\r\n");
    capabilities = offered(text);
    assert_int_equal(ph_capabilities_auth_count(capabilities), ph__auth_mechanisms_max);
    assert_false(ph_capabilities_has_auth(capabilities, "M64"));
    ph_capabilities_free(capabilities);
}

static void read__a_mechanism_of_64_bytes_is_left_out(void **state)
{
    (void)state;
    char text[256];
    char name[65];
    memset(name, 'M', 64);
    name[64] = '\0';
    (void)snprintf(text, sizeof text, "250-mx\r\n250 AUTH %s %s PLAIN\r\n", name, name + 1);
    ph_capabilities *capabilities = offered(text);
    assert_int_equal(ph_capabilities_auth_count(capabilities), 2);
    assert_string_equal(ph_capabilities_auth(capabilities, 0), name + 1);
    assert_string_equal(ph_capabilities_auth(capabilities, 1), "PLAIN");
    ph_capabilities_free(capabilities);
}

static void read__replaces_what_was_there(void **state)
{
    (void)state;
    struct ph__reply_buffer reply;
    ph_capabilities *capabilities = offered("250-mx\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
    reply_init_with(&reply, "250-mx\r\n250-SIZE 7\r\n250 AUTH LOGIN\r\n");
    assert_int_equal(ph__capabilities_read(capabilities, ph__reply_in(&reply)), PH_OK);
    assert_string_equal(shown(capabilities), "SIZE[7] AUTH[LOGIN] | LOGIN");
    ph__capabilities_clear(capabilities);
    assert_string_equal(shown(capabilities), "|");
    assert_false(ph_capabilities_has(capabilities, "SIZE"));
    assert_false(ph_capabilities_has_auth(capabilities, "LOGIN"));
    ph_capabilities_free(capabilities);
    ph_capabilities_free(NULL);
    ph__reply_release(&reply);
}

static void of_a_reply__that_is_no_success_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"500 what\r\n", "354 go on\r\n", "421-a\r\n421 SIZE\r\n"};
    for (size_t i = 0; i < ROWS(texts); i++) {
        struct ph__reply_buffer reply;
        ph_capabilities *capabilities = (ph_capabilities *)&reply;
        reply_init_with(&reply, texts[i]);
        CHECK(ph_reply_capabilities(ph__reply_in(&reply), &capabilities) == PH_ERR_ARGUMENT,
              texts[i]);
        CHECK(!capabilities, texts[i]);
        ph__reply_release(&reply);
    }
}

static void read__each_allocation_may_fail(void **state)
{
    (void)state;
    struct ph__reply_buffer reply;
    reply_init_with(&reply, "250-mx\r\n250-AUTH=LOGIN\r\n250 AUTH PLAIN CRAM-MD5\r\n");
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, n);
        ph_capabilities *capabilities = ph__capabilities_new(&test.allocator);
        int status = PH_ERR_NO_MEMORY;
        if (capabilities) {
            status = ph__capabilities_read(capabilities, ph__reply_in(&reply));
            if (status != PH_OK)
                assert_string_equal(shown(capabilities), "|");
        }
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        assert_true(has_failed || n == 5);
        ph_capabilities_free(capabilities);
        assert_int_equal(test.live_blocks, 0);
    }
    ph__reply_release(&reply);
}

static void share__the_same_words_are_kept_once(void **state)
{
    (void)state;
    struct ph__reply_buffer same;
    struct ph__reply_buffer other;
    struct test_allocator test;
    ph_capabilities *last = NULL;
    ph_capabilities *sessions[3] = {NULL, NULL, NULL};
    reply_init_with(&same, "250-mx\r\n250 SIZE 1\r\n");
    reply_init_with(&other, "250-mx\r\n250 SIZE 2\r\n");
    test_allocator_init(&test);
    for (size_t i = 0; i < ROWS(sessions); i++)
        assert_int_equal(ph__capabilities_share(&last, &test.allocator,
                                                ph__reply_in(i < 2 ? &same : &other), &sessions[i]),
                         PH_OK);
    assert_ptr_equal(sessions[0], sessions[1]);
    assert_ptr_not_equal(sessions[1], sessions[2]);
    assert_string_equal(ph_capabilities_parameters(sessions[0], "SIZE"), "1");
    assert_string_equal(ph_capabilities_parameters(sessions[2], "SIZE"), "2");
    /* A second EHLO takes the place of the first. */
    assert_int_equal(
        ph__capabilities_share(&last, &test.allocator, ph__reply_in(&other), &sessions[0]), PH_OK);
    assert_ptr_equal(sessions[0], sessions[2]);
    ph_capabilities_free(last); /* whoever goes first */
    for (size_t i = 0; i < ROWS(sessions); i++)
        ph_capabilities_free(sessions[i]);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&same);
    ph__reply_release(&other);
}

static void share__each_allocation_may_fail(void **state)
{
    (void)state;
    struct ph__reply_buffer reply;
    reply_init_with(&reply, "250-mx\r\n250 AUTH PLAIN CRAM-MD5\r\n");
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        ph_capabilities *last = NULL;
        ph_capabilities *own = NULL;
        test_allocator_init_failing(&test, n);
        const int status =
            ph__capabilities_share(&last, &test.allocator, ph__reply_in(&reply), &own);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        assert_true(has_failed == !own && has_failed == !last);
        ph_capabilities_free(own);
        ph_capabilities_free(last);
        assert_int_equal(test.live_blocks, 0);
    }
    ph__reply_release(&reply);
}

/* They are the caller's, who may free the session that the reply belongs to. */
static void of_a_reply__outlive_it(void **state)
{
    (void)state;
    struct ph__reply_buffer reply;
    struct test_allocator test;
    ph_capabilities *capabilities;
    test_allocator_init(&test);
    ph_allocator *of_session = malloc(sizeof *of_session);
    assert_non_null(of_session);
    *of_session = test.allocator;
    reply_init_with(&reply, "250-mx\r\n250 AUTH PLAIN\r\n");
    struct ph__reply_buffer copy;
    ph__reply_init(&copy, of_session, 100);
    assert_int_equal(ph__reply_assign(&copy, ph__reply_in(&reply)), PH_OK);
    assert_int_equal(ph_reply_capabilities(ph__reply_in(&copy), &capabilities), PH_OK);
    ph__reply_release(&copy);
    free(of_session);
    assert_true(ph_capabilities_has_auth(capabilities, "PLAIN"));
    ph_capabilities_free(capabilities);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&reply);
}

static void of_a_reply__use_the_memory_of_the_reply(void **state)
{
    (void)state;
    struct ph__reply_buffer reply;
    reply_init_with(&reply, "250-mx\r\n250 AUTH PLAIN\r\n");
    struct test_allocator test;
    test_allocator_init(&test);
    struct ph__reply_buffer copy;
    ph__reply_init(&copy, &test.allocator, 100);
    assert_int_equal(ph__reply_assign(&copy, ph__reply_in(&reply)), PH_OK);
    const int first = test.n_allocations;
    for (int n = 0; n < 4; n++) {
        ph_capabilities *capabilities;
        test.fail_at = test.n_allocations + n;
        assert_int_equal(ph_reply_capabilities(ph__reply_in(&copy), &capabilities),
                         PH_ERR_NO_MEMORY);
        assert_null(capabilities);
    }
    assert_true(test.n_allocations > first);
    ph__reply_release(&copy);
    assert_int_equal(test.live_blocks, 0);
    ph__reply_release(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__lines_become_keywords_and_parameters),
        cmocka_unit_test(has__compares_whole_words_without_case),
        cmocka_unit_test(read__more_than_the_limits_is_left_out),
        cmocka_unit_test(read__a_mechanism_of_64_bytes_is_left_out),
        cmocka_unit_test(read__replaces_what_was_there),
        cmocka_unit_test(read__each_allocation_may_fail),
        cmocka_unit_test(of_a_reply__that_is_no_success_is_refused),
        cmocka_unit_test(share__the_same_words_are_kept_once),
        cmocka_unit_test(share__each_allocation_may_fail),
        cmocka_unit_test(of_a_reply__outlive_it),
        cmocka_unit_test(of_a_reply__use_the_memory_of_the_reply),
    };
    return cmocka_run_group_tests_name("protocol/capabilities", tests, NULL, NULL);
}
