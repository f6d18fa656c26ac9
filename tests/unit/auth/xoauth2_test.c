/* SPDX-License-Identifier: MIT */
#include "auth/xoauth2.h"

#include <string.h>

#include <posthaste/error.h>

#include "unit/auth/exchange.h"
#include "unit/base/test.h"

#define TEXT(literal) literal, sizeof(literal) - 1

/* The example of Google's description of the mechanism. */
static const ph_credentials someuser = {.user = "someuser@example.com",
                                        .secret = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"};

static const char refusal[] =
    "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"https://mail.google.com/\"}";

static void start__all_is_in_the_first_response(void **state)
{
    (void)state;
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_response(&run, TEXT("user=someuser@example.com\x01"
                               "auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
                               "\x01\x01"));
    assert_true(run.response.is_complete);
    assert_string_equal(run.response.explanation, "");
    exchange_close(&run);
}

static void start__user_may_be_utf8(void **state)
{
    (void)state;
    const ph_credentials credentials = {.user = "d\xc3\xb6rte@example.org", .secret = "token"};
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "XOAUTH2", &credentials), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_response(&run, TEXT("user=d\xc3\xb6rte@example.org\x01"
                               "auth=Bearer token\x01\x01"));
    exchange_close(&run);
}

static void start__what_would_break_the_fields_is_refused(void **state)
{
    (void)state;
    static const struct {
        ph_credentials credentials;
        const char *note;
    } rows[] = {
        {{.user = "a\x01z", .secret = "token"}, "separator in user"},
        {{.user = "a", .secret = "to\x01ken"}, "separator in token"},
        {{.user = "a", .secret = "token\n"}, "line end behind token"},
        {{.user = "a\x7f", .secret = "token"}, "DEL"},
        {{.authorization_id = "b", .user = "a", .secret = "token"}, "acting for another"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct exchange_run run;
        CHECK(exchange_open(&run, "XOAUTH2", &rows[i].credentials) == PH_ERR_ARGUMENT,
              rows[i].note);
        exchange_close(&run);
    }
}

static void start__longest_token_passes_and_no_longer(void **state)
{
    (void)state;
    static const size_t n_frame = sizeof "user=a1auth=Bearer 11" - 1;
    for (size_t excess = 0; excess < 2; excess++) {
        char token[9300];
        const size_t n = 9216 - n_frame + excess;
        memset(token, 't', n);
        token[n] = '\0';
        const ph_credentials credentials = {.user = "a", .secret = token};
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "XOAUTH2", &credentials),
                         excess ? PH_ERR_ARGUMENT : PH_OK);
        if (!excess) {
            assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
            assert_int_equal(run.response.bytes.length, 9216);
        }
        exchange_close(&run);
    }
}

static void step__refusal_is_kept_and_answered_by_nothing(void **state)
{
    (void)state;
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_int_equal(exchange_step(&run, refusal, sizeof refusal - 1), PH_OK);
    assert_int_equal(run.response.bytes.length, 0);
    assert_string_equal(run.response.explanation, refusal);
    exchange_close(&run);
}

static void step__refusal_of_any_length_is_kept_as_far_as_it_goes(void **state)
{
    (void)state;
    static const struct {
        size_t n, kept;
    } rows[] = {{0, 0}, {1, 1}, {511, 511}, {512, 512}, {513, 512}, {5000, 512}};
    static char json[5000];
    memset(json, 'j', sizeof json);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
        assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
        assert_int_equal(exchange_step(&run, json, rows[i].n), PH_OK);
        assert_int_equal(strlen(run.response.explanation), rows[i].kept);
        exchange_close(&run);
    }
}

static void step__refusal_is_cut_at_a_character(void **state)
{
    (void)state;
    char json[600];
    for (size_t i = 0; i < sizeof json; i += 3)
        memcpy(json + i, "\xe2\x82\xac", 3);
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_int_equal(exchange_step(&run, json, sizeof json), PH_OK);
    assert_int_equal(strlen(run.response.explanation), 510);
    exchange_close(&run);
}

static void step__second_challenge_is_refused(void **state)
{
    (void)state;
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_int_equal(exchange_step(&run, refusal, sizeof refusal - 1), PH_OK);
    assert_int_equal(exchange_step(&run, TEXT("more")), PH_ERR_PROTOCOL);
    assert_int_equal(exchange_step(&run, TEXT("more")), PH_ERR_PROTOCOL);
    assert_string_equal(run.response.explanation, refusal);
    exchange_close(&run);
}

static void finish__exchange_can_be_left_at_any_step(void **state)
{
    (void)state;
    for (int n_steps = 0; n_steps < 3; n_steps++) {
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "XOAUTH2", &someuser), PH_OK);
        for (int step = 0; step < n_steps; step++)
            assert_int_equal(exchange_step(&run, TEXT("{}")), PH_OK);
        exchange_close(&run);
    }
}

static void all__failing_allocations_are_reported(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int fail_at = 0; has_failed; fail_at++) {
        struct exchange_run run;
        test_allocator_init_failing(&run.test, fail_at);
        run.test.secret = someuser.secret;
        int status = exchange_open_with(&run, "XOAUTH2", &someuser);
        if (status == PH_OK)
            status = exchange_step(&run, NULL, 0);
        has_failed = run.test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        exchange_close(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__all_is_in_the_first_response),
        cmocka_unit_test(start__user_may_be_utf8),
        cmocka_unit_test(start__what_would_break_the_fields_is_refused),
        cmocka_unit_test(start__longest_token_passes_and_no_longer),
        cmocka_unit_test(step__refusal_is_kept_and_answered_by_nothing),
        cmocka_unit_test(step__refusal_of_any_length_is_kept_as_far_as_it_goes),
        cmocka_unit_test(step__refusal_is_cut_at_a_character),
        cmocka_unit_test(step__second_challenge_is_refused),
        cmocka_unit_test(finish__exchange_can_be_left_at_any_step),
        cmocka_unit_test(all__failing_allocations_are_reported),
    };
    return cmocka_run_group_tests_name("auth/xoauth2", tests, NULL, NULL);
}
