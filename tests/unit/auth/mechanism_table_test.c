/* SPDX-License-Identifier: MIT */
#include "auth/mechanism_table.h"

#include <string.h>

#include <posthaste/error.h>

#include "base/ascii.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

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

static ph_mechanism named(const char *name)
{
    return (ph_mechanism){.name = name, .start = start, .step = step, .finish = finish};
}

static void open_table(struct ph__mechanism_table *table, struct test_allocator *test)
{
    test_allocator_init(test);
    assert_int_equal(ph__mechanism_table_init(table, &test->allocator), PH_OK);
}

static void close_table(struct ph__mechanism_table *table, struct test_allocator *test)
{
    ph__mechanism_table_release(table);
    assert_int_equal(test->live_blocks, 0);
}

static void builtin__names_and_flags(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned flags;
    } rows[] = {
        {"PLAIN", PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET},
        {"LOGIN", PH_MECHANISM_EXPOSES_SECRET},
        {"CRAM-MD5", 0},
        {"XOAUTH2", PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET},
    };
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    assert_int_equal(table.n_rows, ROWS(rows));
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_mechanism *found = ph__mechanism_find(&table, rows[i].name);
        CHECK(found, rows[i].name);
        assert_string_equal(found->name, rows[i].name);
        CHECK(found->flags == rows[i].flags, rows[i].name);
        CHECK(ph__mechanism_check(found) == PH_OK, rows[i].name);
        CHECK(ph__mechanism_is_builtin(&table, found), rows[i].name);
    }
    close_table(&table, &test);
}

static void find__case_and_underscore_do_not_matter(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *found;
    } rows[] = {
        {"plain", "PLAIN"},
        {"Login", "LOGIN"},
        {"cram_md5", "CRAM-MD5"},
        {"CRAM_MD5", "CRAM-MD5"},
        {"cram-md5", "CRAM-MD5"},
        {"xOAuth2", "XOAUTH2"},
        {"", NULL},
        {"PLAI", NULL},
        {"PLAINX", NULL},
        {"CRAMMD5", NULL},
        {"CRAM MD5", NULL},
        {"CRAM--MD5", NULL},
        {"auto", NULL},
        {"PL\xc4IN", NULL},
    };
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const ph_mechanism *found = ph__mechanism_find(&table, rows[i].asked);
        CHECK((found != NULL) == (rows[i].found != NULL), rows[i].asked);
        CHECK(!found || strcmp(found->name, rows[i].found) == 0, rows[i].asked);
    }
    close_table(&table, &test);
}

static void add__is_copied_with_its_name(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    char name[] = "X-OWN_1";
    int data = 0;
    ph_mechanism mechanism = named(name);
    mechanism.flags = PH_MECHANISM_EXPOSES_SECRET;
    mechanism.user_data = &data;
    assert_int_equal(ph__mechanism_table_add(&table, &mechanism), PH_OK);
    memset(name, '#', sizeof name - 1);
    memset(&mechanism, 0, sizeof mechanism);
    const ph_mechanism *found = ph__mechanism_find(&table, "x_own-1");
    assert_non_null(found);
    assert_string_equal(found->name, "X-OWN_1");
    assert_int_equal(found->flags, PH_MECHANISM_EXPOSES_SECRET);
    assert_ptr_equal(found->user_data, &data);
    assert_true(found->start == start && found->step == step && found->finish == finish);
    assert_false(ph__mechanism_is_builtin(&table, found));
    close_table(&table, &test);
}

static void add__same_name_replaces(void **state)
{
    (void)state;
    static const char *const names[] = {"PLAIN", "CRAM_MD5", "X-OWN", "X_OWN"};
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    const ph_mechanism first = named("X-OWN");
    assert_int_equal(ph__mechanism_table_add(&table, &first), PH_OK);
    const size_t n_rows = table.n_rows;
    for (size_t i = 0; i < ROWS(names); i++) {
        const ph_mechanism own = named(names[i]);
        assert_int_equal(ph__mechanism_table_add(&table, &own), PH_OK);
        const ph_mechanism *found = ph__mechanism_find(&table, names[i]);
        CHECK(found && found->step == step, names[i]);
        assert_string_equal(found->name, names[i]);
        CHECK(!ph__mechanism_is_builtin(&table, found), names[i]);
    }
    assert_int_equal(table.n_rows, n_rows);
    close_table(&table, &test);
}

static void add__many(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    char name[] = "X-A";
    for (name[2] = 'A'; name[2] <= 'Z'; name[2]++) {
        const ph_mechanism own = named(name);
        assert_int_equal(ph__mechanism_table_add(&table, &own), PH_OK);
    }
    for (name[2] = 'A'; name[2] <= 'Z'; name[2]++)
        CHECK(ph__mechanism_find(&table, name), name);
    assert_non_null(ph__mechanism_find(&table, "PLAIN"));
    close_table(&table, &test);
}

static void is_builtin__strangers_are_not(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    const ph_mechanism stranger = named("PLAIN");
    assert_false(ph__mechanism_is_builtin(&table, &stranger));
    close_table(&table, &test);
}

static void all__failing_allocations_change_nothing(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int fail_at = 0; has_failed; fail_at++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, fail_at);
        struct ph__mechanism_table table;
        int status = ph__mechanism_table_init(&table, &test.allocator);
        const bool is_made = status == PH_OK;
        const ph_mechanism own = named("X-OWN");
        const ph_mechanism plain = named("PLAIN");
        if (status == PH_OK)
            status = ph__mechanism_table_add(&table, &own);
        if (status == PH_OK)
            status = ph__mechanism_table_add(&table, &plain);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        const ph_mechanism *found = ph__mechanism_find(&table, "PLAIN");
        assert_true((found != NULL) == is_made);
        if (found)
            assert_true(ph__mechanism_is_builtin(&table, found) == has_failed);
        close_table(&table, &test);
    }
}

/* A server's offer, as a list of words with a blank before and behind each. */
static bool is_offered(const char *name, void *user_data)
{
    const char *offer = user_data;
    const size_t length = strlen(name);
    for (; *offer != '\0'; offer++) {
        if (offer[0] == ' ' && ph__ascii_starts_with(offer + 1, name) && offer[length + 1] == ' ')
            return true;
    }
    return false;
}

static void choose__the_best_that_is_offered_and_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *offer;
        bool is_safe;
        const char *chosen; /* NULL for none */
    } rows[] = {
        {" PLAIN LOGIN CRAM-MD5 ", true, "PLAIN"},
        {" CRAM-MD5 LOGIN PLAIN ", true, "PLAIN"},
        {" LOGIN CRAM-MD5 ", true, "LOGIN"},
        {" CRAM-MD5 GSSAPI ", true, "CRAM-MD5"},
        {" XOAUTH2 ", true, NULL},
        {" XOAUTH2 X-OWN LOGIN ", true, "LOGIN"},
        {" X-OWN ", true, NULL},
        {" ", true, NULL},
        {" PLAIN LOGIN CRAM-MD5 ", false, "CRAM-MD5"},
        {" PLAIN LOGIN XOAUTH2 X-OWN ", false, NULL},
        {" ", false, NULL},
        {" plain ", true, "PLAIN"},
    };
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    const ph_mechanism own = named("X-OWN");
    assert_int_equal(ph__mechanism_table_add(&table, &own), PH_OK);
    for (size_t i = 0; i < ROWS(rows); i++) {
        char offer[64];
        assert_in_range(strlen(rows[i].offer), 0, sizeof offer - 1);
        strcpy(offer, rows[i].offer);
        const ph_mechanism *chosen =
            ph__mechanism_choose(&table, is_offered, offer, rows[i].is_safe);
        CHECK((chosen != NULL) == (rows[i].chosen != NULL), rows[i].offer);
        CHECK(!chosen || strcmp(chosen->name, rows[i].chosen) == 0, rows[i].offer);
    }
    close_table(&table, &test);
}

static void choose__a_programs_own_plain_is_left_alone(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    const ph_mechanism plain = named("PLAIN");
    assert_int_equal(ph__mechanism_table_add(&table, &plain), PH_OK);
    char offer[] = " PLAIN CRAM-MD5 ";
    const ph_mechanism *chosen = ph__mechanism_choose(&table, is_offered, offer, true);
    assert_non_null(chosen);
    assert_string_equal(chosen->name, "CRAM-MD5");
    close_table(&table, &test);
}

static void check__names(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
    } rows[] = {
        {"A", PH_OK},
        {"SCRAM-SHA-256-PLUS", PH_OK},
        {"9_-", PH_OK},
        {"ABCDEFGHIJKLMNOPQRST", PH_OK},
        {"ABCDEFGHIJKLMNOPQRSTU", PH_ERR_ARGUMENT},
        {"", PH_ERR_ARGUMENT},
        {NULL, PH_ERR_ARGUMENT},
        {"plain", PH_ERR_ARGUMENT},
        {"A B", PH_ERR_ARGUMENT},
        {"A\r\n", PH_ERR_ARGUMENT},
        {"A.B", PH_ERR_ARGUMENT},
        {"\xc3\x84", PH_ERR_ARGUMENT},
        {"AUTO", PH_ERR_ARGUMENT},
        {"AUTO2", PH_OK},
    };
    struct test_allocator test;
    struct ph__mechanism_table table;
    open_table(&table, &test);
    for (size_t i = 0; i < ROWS(rows); i++) {
        const char *note = rows[i].name ? rows[i].name : "no name";
        const ph_mechanism mechanism = named(rows[i].name);
        CHECK(ph__mechanism_check(&mechanism) == rows[i].status, note);
        CHECK(ph__mechanism_table_add(&table, &mechanism) == rows[i].status, note);
    }
    close_table(&table, &test);
}

static void check__functions_and_flags(void **state)
{
    (void)state;
    const ph_mechanism whole = named("X-OWN");
    assert_int_equal(ph__mechanism_check(NULL), PH_ERR_ARGUMENT);
    ph_mechanism mechanism = whole;
    mechanism.start = NULL;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_ERR_ARGUMENT);
    mechanism = whole;
    mechanism.step = NULL;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_ERR_ARGUMENT);
    mechanism = whole;
    mechanism.finish = NULL;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_ERR_ARGUMENT);
    mechanism = whole;
    mechanism.flags = PH_MECHANISM_CLIENT_FIRST | PH_MECHANISM_EXPOSES_SECRET;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_OK);
    mechanism.flags |= 0x80000000u;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_ERR_ARGUMENT);
    mechanism.flags = 0x4u;
    assert_int_equal(ph__mechanism_check(&mechanism), PH_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin__names_and_flags),
        cmocka_unit_test(find__case_and_underscore_do_not_matter),
        cmocka_unit_test(add__is_copied_with_its_name),
        cmocka_unit_test(add__same_name_replaces),
        cmocka_unit_test(add__many),
        cmocka_unit_test(is_builtin__strangers_are_not),
        cmocka_unit_test(all__failing_allocations_change_nothing),
        cmocka_unit_test(choose__the_best_that_is_offered_and_allowed),
        cmocka_unit_test(choose__a_programs_own_plain_is_left_alone),
        cmocka_unit_test(check__names),
        cmocka_unit_test(check__functions_and_flags),
    };
    return cmocka_run_group_tests_name("auth/mechanism_table", tests, NULL, NULL);
}
