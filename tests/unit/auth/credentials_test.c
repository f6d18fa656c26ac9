/* SPDX-License-Identifier: MIT */
#include "auth/credentials.h"

#include <string.h>

#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

struct fixture {
    struct test_allocator test;
    struct ph__mechanism_table table;
    struct ph__error error;
};

static int start(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    (void)user_data;
    *exchange = NULL;
    return PH_OK;
}

static int step(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response)
{
    (void)exchange;
    (void)challenge;
    (void)n;
    (void)response;
    return PH_OK;
}

static void finish(void *exchange)
{
    (void)exchange;
}

static const ph_mechanism own = {.name = "X-OWN", .start = start, .step = step, .finish = finish};

static void open_fixture(struct fixture *fixture)
{
    test_allocator_init(&fixture->test);
    assert_int_equal(ph__mechanism_table_init(&fixture->table, &fixture->test.allocator), PH_OK);
    assert_int_equal(ph__mechanism_table_add(&fixture->table, &own), PH_OK);
    ph__error_init(&fixture->error, &fixture->test.allocator);
}

static void close_fixture(struct fixture *fixture)
{
    ph__error_release(&fixture->error);
    ph__mechanism_table_release(&fixture->table);
    assert_int_equal(fixture->test.live_blocks, 0);
}

static void check__what_is_right_finds_its_mechanism(void **state)
{
    (void)state;
    static const struct {
        const char *user, *secret, *authtype;
        const char *found; /* NULL for none yet */
    } rows[] = {
        {"u", "s", NULL, "PLAIN"},
        {"u", "s", "plain", "PLAIN"},
        {"u", "s", "LOGIN", "LOGIN"},
        {"u", "s", "cram_md5", "CRAM-MD5"},
        {"u", "s", "Cram-MD5", "CRAM-MD5"},
        {"u", "s", "xoauth2", "XOAUTH2"},
        {"u", "s", "auto", NULL},
        {"u", "s", "AUTO", NULL},
        {"u", "s", "x_own", "X-OWN"},
        {"d\xf6rte", "g\xc3\xbcn\t\x01", "PLAIN", "PLAIN"},
        {"", "", "X-OWN", "X-OWN"},
        {"u", "-----BEGIN KEY-----\r\nAA==\r\n", "X-OWN", "X-OWN"},
    };
    struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *note = rows[i].authtype ? rows[i].authtype : "no authtype";
        const ph_mechanism *found = &own;
        CHECK(ph__credentials_check(&fixture.table, rows[i].user, rows[i].secret, rows[i].authtype,
                                    &found, &fixture.error) == PH_OK,
              note);
        CHECK(!ph__error_is_set(&fixture.error), note);
        CHECK((found == NULL) == (rows[i].found == NULL), note);
        CHECK(!found || strcmp(found->name, rows[i].found) == 0, note);
    }
    close_fixture(&fixture);
}

static void check__what_is_wrong_is_said(void **state)
{
    (void)state;
#define KNOWN "known are PLAIN, LOGIN, CRAM-MD5, XOAUTH2, X-OWN"
#define LINE_END(what)                                                                             \
    "the " what " contains a line end (CR or LF); if it was read from a file, remove the line end"
    static const struct {
        const char *user, *secret, *authtype;
        const char *message;
    } rows[] = {
        {"u", "s", "FOO", "wrong authentication type \"FOO\": " KNOWN},
        {"u", "s", "", "wrong authentication type \"\": " KNOWN},
        {"u", "s", "PLAINX", "wrong authentication type \"PLAINX\": " KNOWN},
        {"u", "s", "PLAI", "wrong authentication type \"PLAI\": " KNOWN},
        {"u", "s", "CRAM MD5", "wrong authentication type \"CRAM MD5\": " KNOWN},
        {"u", "s", "A\r\n\x1b", "wrong authentication type \"A\\r\n\\x1b\": " KNOWN},
        {NULL, NULL, "FOO", "wrong authentication type \"FOO\": " KNOWN},
        {NULL, NULL, NULL, "SMTP-AUTH requested but missing user name"},
        {NULL, "s", NULL, "SMTP-AUTH requested but missing user name"},
        {NULL, "s", "auto", "SMTP-AUTH requested but missing user name"},
        {NULL, "s", "X-OWN", "SMTP-AUTH requested but missing user name"},
        {"", "s", "LOGIN", "SMTP-AUTH requested but missing user name"},
        {"", "s", "auto", "SMTP-AUTH requested but missing user name"},
        {"u", NULL, NULL, "SMTP-AUTH requested but missing secret phrase"},
        {"u", NULL, "X-OWN", "SMTP-AUTH requested but missing secret phrase"},
        {"u", "", "PLAIN", "SMTP-AUTH requested but missing secret phrase"},
        {"u", "", "auto", "SMTP-AUTH requested but missing secret phrase"},
        {"u\n", "s", "PLAIN", LINE_END("user name")},
        {"u", "s\r\n", "XOAUTH2", LINE_END("secret phrase")},
        {"u", "s\rs", "auto", LINE_END("secret phrase")},
    };
    struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_mechanism *found = NULL;
        CHECK(ph__credentials_check(&fixture.table, rows[i].user, rows[i].secret, rows[i].authtype,
                                    &found, &fixture.error) == PH_ERR_ARGUMENT,
              rows[i].message);
        assert_string_equal(fixture.error.view->message, rows[i].message);
        assert_int_equal(fixture.error.view->status, PH_ERR_ARGUMENT);
        assert_int_equal(fixture.error.view->phase, PH_PHASE_AUTH);
    }
    close_fixture(&fixture);
#undef KNOWN
#undef LINE_END
}

static void check__sentences_hold_no_secret(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    const ph_mechanism *found = NULL;
    assert_int_equal(
        ph__credentials_check(&fixture.table, "tim", "tanstaaf\n", NULL, &found, &fixture.error),
        PH_ERR_ARGUMENT);
    assert_null(strstr(fixture.error.view->message, "tanstaaf"));
    close_fixture(&fixture);
}

static void check__endless_type_is_cut(void **state)
{
    (void)state;
    char authtype[5000];
    memset(authtype, 'A', sizeof authtype - 1);
    authtype[sizeof authtype - 1] = '\0';
    struct fixture fixture;
    open_fixture(&fixture);
    const ph_mechanism *found = NULL;
    assert_int_equal(
        ph__credentials_check(&fixture.table, "u", "s", authtype, &found, &fixture.error),
        PH_ERR_ARGUMENT);
    assert_non_null(strstr(fixture.error.view->message, "AAAA\": known are PLAIN, "));
    close_fixture(&fixture);
}

static void name_another__compares_the_identities(void **state)
{
    (void)state;
    static const struct {
        const char *authorization_id;
        bool another;
    } rows[] = {{NULL, false}, {"", false}, {"tim", false}, {"Tim", true}, {"ursel", true}};
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_credentials credentials = {rows[i].authorization_id, "tim", "s", NULL};
        assert_true(ph__credentials_name_another(&credentials) == rows[i].another);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__what_is_right_finds_its_mechanism),
        cmocka_unit_test(check__what_is_wrong_is_said),
        cmocka_unit_test(check__sentences_hold_no_secret),
        cmocka_unit_test(check__endless_type_is_cut),
        cmocka_unit_test(name_another__compares_the_identities),
    };
    return cmocka_run_group_tests_name("auth/credentials", tests, NULL, NULL);
}
