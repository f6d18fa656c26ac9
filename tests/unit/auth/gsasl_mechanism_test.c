/* SPDX-License-Identifier: MIT */
#include "auth/gsasl_mechanism.h"

#include <string.h>

#include <gsasl.h>

#include <posthaste/error.h>

#include "base/allocator.h"
#include "unit/auth/exchange.h"
#include "unit/base/test.h"

#define TEXT(literal) literal, sizeof(literal) - 1

static const ph_credentials tim = {.user = "tim", .secret = "tanstaaftanstaaf", .host = "mail"};

/* RFC 2195 section 2 */
static const char challenge[] = "<1896.697170952@postoffice.reston.mci.net>";

static void plain__user_and_secret_in_one(void **state)
{
    (void)state;
    static const struct {
        const char *authorization_id, *user, *secret;
        const char *response;
        size_t n;
        const char *note;
    } rows[] = {
        {NULL, "tim", "tanstaaf", TEXT("\0tim\0tanstaaf"), "no authorization identity"},
        {"", "tim", "tanstaaf", TEXT("\0tim\0tanstaaf"), "an empty one"},
        {"Ursel", "Kurt", "xipj3plmq", TEXT("Ursel\0Kurt\0xipj3plmq"), "RFC 4616 section 4"},
        {NULL, "d\xc3\xb6rte", "g\xc3\xbcn", TEXT("\0d\xc3\xb6rte\0g\xc3\xbcn"), "UTF-8"},
        {NULL, "d\xf6rte", "g\xfcn", TEXT("\0d\xf6rte\0g\xfcn"), "Latin-1 passes as it is"},
        {NULL, "a\tb", "c\x7f", TEXT("\0a\tb\0c\x7f"), "control bytes pass"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {rows[i].authorization_id, rows[i].user, rows[i].secret,
                                            "mail"};
        struct exchange_run run;
        CHECK(exchange_open(&run, "PLAIN", &credentials) == PH_OK, rows[i].note);
        CHECK(exchange_step(&run, NULL, 0) == PH_OK, rows[i].note);
        CHECK(run.response.bytes.length == rows[i].n, rows[i].note);
        CHECK(memcmp(run.response.bytes.bytes, rows[i].response, rows[i].n) == 0, rows[i].note);
        CHECK(run.response.is_complete, rows[i].note);
        exchange_close(&run);
    }
}

static void plain__no_host_is_no_matter(void **state)
{
    (void)state;
    const ph_credentials credentials = {.user = "tim", .secret = "tanstaaf"};
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "PLAIN", &credentials), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_OK);
    assert_response(&run, TEXT("\0tim\0tanstaaf"));
    exchange_close(&run);
}

static void plain__longest_response_passes_and_no_longer(void **state)
{
    (void)state;
    for (size_t excess = 0; excess < 2; excess++) {
        char secret[9300];
        const size_t n = 9216 - sizeof "tim" - 1 + excess;
        memset(secret, 's', n);
        secret[n] = '\0';
        const ph_credentials credentials = {.user = "tim", .secret = secret};
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "PLAIN", &credentials), PH_OK);
        assert_int_equal(exchange_step(&run, NULL, 0), excess ? PH_ERR_ARGUMENT : PH_OK);
        assert_int_equal(run.response.bytes.length, excess ? 0 : 9216);
        exchange_close(&run);
    }
}

static void login__prompts_are_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        size_t n_first;
        const char *second;
        size_t n_second;
        const char *note;
    } rows[] = {
        {TEXT("Username:"), TEXT("Password:"), "Exim, Postfix"},
        {TEXT("User Name\0"), TEXT("Password\0"), "draft-murchison-sasl-login"},
        {TEXT(""), TEXT(""), "empty"},
        {TEXT("Password:"), TEXT("Username:"), "the wrong way round"},
        {TEXT("\xff\0\xfe"), TEXT("\0"), "bytes"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "LOGIN", &tim), PH_OK);
        CHECK(exchange_step(&run, rows[i].first, rows[i].n_first) == PH_OK, rows[i].note);
        assert_response(&run, TEXT("tim"));
        CHECK(!run.response.is_complete, rows[i].note);
        CHECK(exchange_step(&run, rows[i].second, rows[i].n_second) == PH_OK, rows[i].note);
        assert_response(&run, TEXT("tanstaaftanstaaf"));
        CHECK(run.response.is_complete, rows[i].note);
        exchange_close(&run);
    }
}

static void login__bytes_pass_as_they_are(void **state)
{
    (void)state;
    const ph_credentials credentials = {.user = "d\xf6rte", .secret = "g\xc3\xbcn\xff"};
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "LOGIN", &credentials), PH_OK);
    assert_int_equal(exchange_step(&run, TEXT("Username:")), PH_OK);
    assert_response(&run, TEXT("d\xf6rte"));
    assert_int_equal(exchange_step(&run, TEXT("Password:")), PH_OK);
    assert_response(&run, TEXT("g\xc3\xbcn\xff"));
    exchange_close(&run);
}

static const char *keys_of(char letter, size_t n)
{
    static char key[256];
    memset(key, letter, n);
    key[n] = '\0';
    return key;
}

static void cram_md5__digests(void **state)
{
    (void)state;
    const struct {
        const char *user, *secret;
        const char *response;
        const char *note;
    } rows[] = {
        {"tim", "tanstaaftanstaaf", "tim b913a602c7eda7a495b4e6e7334d3890", "RFC 2195 section 2"},
        {"tim", "", "tim a00b54b824afa19ec2de0f73cb2a04c2", "empty key"},
        {"tim b", "tanstaaftanstaaf", "tim b b913a602c7eda7a495b4e6e7334d3890", "blank in user"},
        {"tim", "ta\xc2\xaa\xc2\xa0x", "tim 06f86fa02c12191993760f1e337d2a7f",
         "prepared by SASLprep: the key is \"taa x\""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {.user = rows[i].user, .secret = rows[i].secret};
        struct exchange_run run;
        CHECK(exchange_open(&run, "CRAM-MD5", &credentials) == PH_OK, rows[i].note);
        CHECK(exchange_step(&run, challenge, sizeof challenge - 1) == PH_OK, rows[i].note);
        assert_response(&run, rows[i].response, strlen(rows[i].response));
        CHECK(run.response.is_complete, rows[i].note);
        exchange_close(&run);
    }
}

/* RFC 2195 section 2: a key of more than 64 bytes is replaced by its MD5. */
static void cram_md5__long_keys_are_hashed(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *response;
    } rows[] = {
        {63, "tim 06bea325bc1004f13b5e3359773acf22"},
        {64, "tim 10e7df3c0008f45346ea432a3a954003"},
        {65, "tim c26f650abcb485a907fa679a2807bdac"},
        {200, "tim 9c4918e089486d861286d6aa8979860d"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {.user = "tim", .secret = keys_of('k', rows[i].n)};
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, "CRAM-MD5", &credentials), PH_OK);
        assert_int_equal(exchange_step(&run, challenge, sizeof challenge - 1), PH_OK);
        assert_response(&run, rows[i].response, strlen(rows[i].response));
        exchange_close(&run);
    }
}

static void cram_md5__nul_in_challenge_is_a_byte_like_others(void **state)
{
    (void)state;
    const ph_credentials credentials = {.user = "tim", .secret = "x"};
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "CRAM-MD5", &credentials), PH_OK);
    assert_int_equal(exchange_step(&run, TEXT("a\0b")), PH_OK);
    assert_response(&run, TEXT("tim c07291eee9201eea9e398d9f422138d9"));
    exchange_close(&run);
}

static void cram_md5__what_saslprep_forbids_is_refused_and_explained(void **state)
{
    (void)state;
    static const struct {
        const char *user, *secret;
        const char *note;
    } rows[] = {
        {"tim", "g\xfcn", "Latin-1 secret"},
        {"d\xf6rte", "tanstaaf", "Latin-1 user"},
        {"tim", "a\x01z", "control byte in secret"},
        {"t\x7fm", "tanstaaf", "DEL in user"},
        {"tim", "a\xcd\xb8z", "U+0378, unassigned in Unicode 3.2"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {.user = rows[i].user, .secret = rows[i].secret};
        struct exchange_run run;
        CHECK(exchange_open(&run, "CRAM-MD5", &credentials) == PH_OK, rows[i].note);
        CHECK(exchange_step(&run, challenge, sizeof challenge - 1) == PH_ERR_ARGUMENT,
              rows[i].note);
        CHECK(strcmp(run.response.explanation, gsasl_strerror(GSASL_SASLPREP_ERROR)) == 0,
              rows[i].note);
        CHECK(run.response.bytes.length == 0, rows[i].note);
        exchange_close(&run);
    }
}

static void cram_md5__empty_challenge_is_refused_and_explained(void **state)
{
    (void)state;
    struct exchange_run run;
    assert_int_equal(exchange_open(&run, "CRAM-MD5", &tim), PH_OK);
    assert_int_equal(exchange_step(&run, NULL, 0), PH_ERR_PROTOCOL);
    assert_string_equal(run.response.explanation, "the challenge is empty");
    assert_false(run.response.is_complete);
    exchange_close(&run);
}

static void every_mechanism__challenge_behind_the_last_response_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int n_steps;
    } rows[] = {{"PLAIN", 1}, {"LOGIN", 2}, {"CRAM-MD5", 1}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct exchange_run run;
        assert_int_equal(exchange_open(&run, rows[i].name, &tim), PH_OK);
        for (int step = 0; step < rows[i].n_steps; step++)
            CHECK(exchange_step(&run, TEXT("challenge")) == PH_OK, rows[i].name);
        CHECK(exchange_step(&run, TEXT("another")) == PH_ERR_PROTOCOL, rows[i].name);
        CHECK(run.response.bytes.length == 0, rows[i].name);
        CHECK(strstr(run.response.explanation, "after the last response") != NULL, rows[i].name);
        exchange_close(&run);
    }
}

static void every_mechanism__can_be_left_at_any_step(void **state)
{
    (void)state;
    static const char *const names[] = {"PLAIN", "LOGIN", "CRAM-MD5"};
    for (size_t i = 0; i < ROWS(names); i++) {
        for (int n_steps = 0; n_steps < 2; n_steps++) {
            struct exchange_run run;
            assert_int_equal(exchange_open(&run, names[i], &tim), PH_OK);
            for (int step = 0; step < n_steps; step++)
                assert_int_equal(exchange_step(&run, TEXT("challenge")), PH_OK);
            exchange_close(&run);
        }
    }
}

static void login_and_cram_md5__cannot_act_for_another(void **state)
{
    (void)state;
    static const char *const names[] = {"LOGIN", "CRAM-MD5"};
    const ph_credentials another = {"ursel", "tim", "tanstaaf", "mail"};
    const ph_credentials same = {"tim", "tim", "tanstaaf", "mail"};
    for (size_t i = 0; i < ROWS(names); i++) {
        struct exchange_run run;
        CHECK(exchange_open(&run, names[i], &another) == PH_ERR_ARGUMENT, names[i]);
        exchange_close(&run);
        CHECK(exchange_open(&run, names[i], &same) == PH_OK, names[i]);
        exchange_close(&run);
    }
}

static void every_mechanism__failing_allocations_are_reported(void **state)
{
    (void)state;
    static const char *const names[] = {"PLAIN", "LOGIN", "CRAM-MD5"};
    for (size_t i = 0; i < ROWS(names); i++) {
        bool has_failed = true;
        for (int fail_at = 0; has_failed; fail_at++) {
            struct exchange_run run;
            test_allocator_init_failing(&run.test, fail_at);
            run.test.secret = tim.secret;
            int status = exchange_open_with(&run, names[i], &tim);
            while (status == PH_OK && !run.response.is_complete)
                status = exchange_step(&run, TEXT("challenge"));
            has_failed = run.test.has_failed;
            CHECK(status == (has_failed ? PH_ERR_NO_MEMORY : PH_OK), names[i]);
            exchange_close(&run);
        }
    }
}

static void start__unknown_to_gnu_sasl_is_refused(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    void *exchange = NULL;
    assert_int_equal(ph__gsasl_start("X-NONE", &test.allocator, &tim, &exchange), PH_ERR_ARGUMENT);
    assert_null(exchange);
    assert_int_equal(test.live_blocks, 0);
}

/* The adapter serves mechanisms that are no rows yet. RFC 2831: service and host are signed. */
static void start__service_and_host_are_handed_over(void **state)
{
    (void)state;
    static const char question[] =
        "realm=\"example.org\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,"
        "charset=utf-8";
    const ph_credentials credentials = {
        .user = "tim", .secret = "tanstaaf", .host = "mail.example.org"};
    ph_mechanism_response response;
    ph__mechanism_response_init(&response, ph__allocator_or_default(NULL));
    void *exchange = NULL;
    assert_int_equal(
        ph__gsasl_start("DIGEST-MD5", ph__allocator_or_default(NULL), &credentials, &exchange),
        PH_OK);
    assert_int_equal(ph__gsasl_step(exchange, question, sizeof question - 1, &response), PH_OK);
    assert_false(response.is_complete);
    assert_int_equal(ph_mechanism_respond(&response, "", 1), PH_OK);
    assert_non_null(
        strstr((const char *)response.bytes.bytes, "digest-uri=\"smtp/mail.example.org\""));
    ph__gsasl_finish(exchange);
    ph__mechanism_response_release(&response);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain__user_and_secret_in_one),
        cmocka_unit_test(plain__no_host_is_no_matter),
        cmocka_unit_test(plain__longest_response_passes_and_no_longer),
        cmocka_unit_test(login__prompts_are_not_read),
        cmocka_unit_test(login__bytes_pass_as_they_are),
        cmocka_unit_test(cram_md5__digests),
        cmocka_unit_test(cram_md5__long_keys_are_hashed),
        cmocka_unit_test(cram_md5__nul_in_challenge_is_a_byte_like_others),
        cmocka_unit_test(cram_md5__what_saslprep_forbids_is_refused_and_explained),
        cmocka_unit_test(cram_md5__empty_challenge_is_refused_and_explained),
        cmocka_unit_test(every_mechanism__challenge_behind_the_last_response_is_refused),
        cmocka_unit_test(every_mechanism__can_be_left_at_any_step),
        cmocka_unit_test(login_and_cram_md5__cannot_act_for_another),
        cmocka_unit_test(every_mechanism__failing_allocations_are_reported),
        cmocka_unit_test(start__unknown_to_gnu_sasl_is_refused),
        cmocka_unit_test(start__service_and_host_are_handed_over),
    };
    return cmocka_run_group_tests_name("auth/gsasl_mechanism", tests, NULL, NULL);
}
