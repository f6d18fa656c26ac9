/* SPDX-License-Identifier: MIT */
#include "protocol/address.h"

#include <stdlib.h>
#include <string.h>

#include <posthaste/error.h>

#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

static ph_address *made(const char *mailbox)
{
    ph_address *address;
    assert_int_equal(ph_address_new(mailbox, NULL, &address), PH_OK);
    assert_non_null(address);
    return address;
}

static void new__takes_mailboxes_with_and_without_brackets(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *mailbox;
        bool needs_smtputf8;
        const char *note;
    } rows[] = {
        {"a@example.org", "a@example.org", false, "as it is"},
        {"<a@example.org>", "a@example.org", false, "one pair of brackets is removed"},
        {"postmaster", "postmaster", false, "a local part alone"},
        {"", "", false, "the null sender"},
        {NULL, "", false, "NULL is the null sender"},
        {"<>", "", false, "the null sender in brackets"},
        {"\"<a>\"@b", "\"<a>\"@b", false, "quoted brackets stay"},
        {"\xc3\xa9@example.org", "\xc3\xa9@example.org", true, "beyond ASCII"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ph_address *address = made(rows[i].given);
        CHECK(strcmp(ph_address_mailbox(address), rows[i].mailbox) == 0, rows[i].note);
        CHECK(ph_address_needs_smtputf8(address) == rows[i].needs_smtputf8, rows[i].note);
        CHECK(ph_address_parameter_count(address) == 0, rows[i].note);
        CHECK(!ph_address_parameter(address, 0), rows[i].note);
        ph_address_free(address);
    }
}

static void new__what_is_no_mailbox_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *given;
        const char *note;
    } rows[] = {
        {"<<a@b>>", "two pairs of brackets"},
        {"<a@b", "an opening bracket alone"},
        {"a@b>", "a closing bracket alone"},
        {"<", "half a pair"},
        {"><", "a pair the wrong way round"},
        {"Name <a@b>", "a display name"},
        {"a@b> NOTIFY=NEVER X:<c@d", "a parameter smuggled in"},
        {"a@b\r\nRCPT TO:<c@d>", "a command smuggled in"},
        {" ", "a blank"},
        {"a\xff@b", "not UTF-8"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        ph_address *address = (ph_address *)&rows;
        CHECK(ph_address_new(rows[i].given, NULL, &address) == PH_ERR_ARGUMENT, rows[i].note);
        CHECK(!address, rows[i].note);
    }
}

static void new__the_longest_mailbox_is_taken_and_one_byte_more_refused(void **state)
{
    (void)state;
    char mailbox[PH_ADDRESS_MAX + 4];
    memset(mailbox, 'a', sizeof mailbox);
    mailbox[PH_ADDRESS_MAX] = '\0';
    ph_address *address = made(mailbox);
    assert_string_equal(ph_address_mailbox(address), mailbox);
    ph_address_free(address);

    memmove(mailbox + 1, mailbox, PH_ADDRESS_MAX);
    mailbox[0] = '<';
    strcpy(mailbox + PH_ADDRESS_MAX + 1, ">");
    address = made(mailbox); /* brackets do not count */
    ph_address_free(address);

    memset(mailbox, 'a', PH_ADDRESS_MAX + 1);
    mailbox[PH_ADDRESS_MAX + 1] = '\0';
    assert_int_equal(ph_address_new(mailbox, NULL, &address), PH_ERR_ARGUMENT);
}

static void new__the_mailbox_is_copied(void **state)
{
    (void)state;
    char mailbox[] = "a@example.org";
    ph_address *address = made(mailbox);
    memset(mailbox, 'x', sizeof mailbox - 1);
    assert_string_equal(ph_address_mailbox(address), "a@example.org");
    ph_address_free(address);
}

static void add_parameter__order_is_kept_and_the_same_comes_once(void **state)
{
    (void)state;
    ph_address *address = made("a@b");
    static const char *const given[][2] = {
        {"NOTIFY", "NEVER"}, {"ORCPT", "rfc822;a+2Bb@c"},
        {"X", NULL},         {"NOTIFY", "NEVER"},
        {"X", NULL},         {"NOTIFY", "SUCCESS,FAILURE"},
        {"NOTIFYX", NULL},   {"NOTIFY", NULL},
        {"notify", "NEVER"}, {"X", "1"},
        {"0-x", "~!"},
    };
    static const char *const kept[] = {"NOTIFY=NEVER",
                                       "ORCPT=rfc822;a+2Bb@c",
                                       "X",
                                       "NOTIFY=SUCCESS,FAILURE",
                                       "NOTIFYX",
                                       "NOTIFY",
                                       "notify=NEVER",
                                       "X=1",
                                       "0-x=~!"};
    for (size_t i = 0; i < ROWS(given); i++)
        assert_int_equal(ph_address_add_parameter(address, given[i][0], given[i][1]), PH_OK);
    assert_int_equal(ph_address_parameter_count(address), ROWS(kept));
    for (size_t i = 0; i < ROWS(kept); i++)
        assert_string_equal(ph_address_parameter(address, i), kept[i]);
    assert_null(ph_address_parameter(address, ROWS(kept)));
    ph_address_free(address);
}

static void add_parameter__other_forms_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *keyword;
        const char *value;
        const char *note;
    } rows[] = {
        {NULL, NULL, "no keyword"},
        {"", NULL, "an empty keyword"},
        {"-X", NULL, "a hyphen first"},
        {"A B", NULL, "a blank in the keyword"},
        {"A=B", NULL, "a value in the keyword"},
        {"A_B", NULL, "an underscore"},
        {"A\r\nB", NULL, "a line end in the keyword"},
        {"\xc3\xa9", NULL, "a keyword beyond ASCII"},
        {"A>", NULL, "a bracket in the keyword"},
        {"X", "", "an empty value"},
        {"X", "a b", "a blank in the value"},
        {"X", "a=b", "an equals sign in the value"},
        {"X", "a\r\nDATA", "a line end in the value"},
        {"X", "a\tb", "a tab in the value"},
        {"X", "a\x7f", "DEL in the value"},
        {"X", "\xc3\xa9", "a value beyond ASCII"},
    };
    ph_address *address = made("a@b");
    for (size_t i = 0; i < ROWS(rows); i++) {
        CHECK(ph_address_add_parameter(address, rows[i].keyword, rows[i].value) == PH_ERR_ARGUMENT,
              rows[i].note);
        CHECK(ph_address_parameter_count(address) == 0, rows[i].note);
    }
    ph_address_free(address);
}

static void add_parameter__more_than_a_line_holds_is_refused_whole(void **state)
{
    (void)state;
    ph_address *address = made("a@b");
    char value[ph__parameters_max_bytes];
    memset(value, 'v', sizeof value);
    value[sizeof value - 1] = '\0'; /* with "X=" and NUL two bytes too long */
    assert_int_equal(ph_address_add_parameter(address, "X", value), PH_ERR_ARGUMENT);
    assert_int_equal(ph_address_parameter_count(address), 0);
    value[sizeof value - 3] = '\0';
    assert_int_equal(ph_address_add_parameter(address, "X", value), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "Y", NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_address_parameter_count(address), 1);
    ph_address_free(address);
}

static void copy__has_all_and_lives_on_its_own(void **state)
{
    (void)state;
    ph_address *address = made("<\xc3\xa9@b>");
    assert_int_equal(ph_address_add_parameter(address, "NOTIFY", "NEVER"), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "X", NULL), PH_OK);
    ph_address *copy;
    assert_int_equal(ph_address_copy(address, &copy), PH_OK);
    assert_int_equal(ph_address_add_parameter(copy, "Y", NULL), PH_OK);
    assert_int_equal(ph_address_parameter_count(address), 2);
    ph_address_free(address);
    assert_string_equal(ph_address_mailbox(copy), "\xc3\xa9@b");
    assert_true(ph_address_needs_smtputf8(copy));
    assert_int_equal(ph_address_parameter_count(copy), 3);
    assert_string_equal(ph_address_parameter(copy, 0), "NOTIFY=NEVER");
    assert_string_equal(ph_address_parameter(copy, 1), "X");
    assert_string_equal(ph_address_parameter(copy, 2), "Y");
    ph_address_free(copy);
}

static void free__null_is_allowed(void **state)
{
    (void)state;
    ph_address_free(NULL);
}

static int make_and_copy(const ph_allocator *allocator)
{
    ph_address *address;
    ph_address *copy = NULL;
    int status = ph_address_new("a@example.org", allocator, &address);
    if (status == PH_OK)
        status = ph_address_add_parameter(address, "NOTIFY", "NEVER");
    if (status == PH_OK)
        status = ph_address_copy(address, &copy);
    ph_address_free(address);
    ph_address_free(copy);
    return status;
}

static void all__each_allocation_may_fail(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct test_allocator test;
        test_allocator_init_failing(&test, n);
        const int status = make_and_copy(&test.allocator);
        has_failed = test.has_failed;
        assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
        assert_int_equal(test.live_blocks, 0);
        assert_true(has_failed || n >= 5); /* the loop went through them all */
    }
}

static void all__the_allocator_itself_may_go(void **state)
{
    (void)state;
    struct test_allocator test;
    test_allocator_init(&test);
    ph_allocator lent = test.allocator;
    ph_address *address;
    assert_int_equal(ph_address_new("a@b", &lent, &address), PH_OK);
    memset(&lent, 0, sizeof lent);
    assert_int_equal(ph_address_add_parameter(address, "X", NULL), PH_OK);
    ph_address_free(address);
    assert_int_equal(test.live_blocks, 0);
}

static void xtext__encodes_what_rfc_3461_wants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *expected;
        const char *note;
    } rows[] = {
        {"", "", "nothing"},
        {"plain", "plain", "nothing to encode"},
        {"a+b=c", "a+2Bb+3Dc", "the two marks"},
        {"a b", "a+20b", "a blank"},
        {"\r\n\t", "+0D+0A+09", "control bytes"},
        {"~\x7f", "~+7F", "the last that stands for itself, and DEL"},
        {"!", "!", "the first that stands for itself"},
        {"\xc3\xa9", "+C3+A9", "beyond ASCII"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        const size_t n = strlen(rows[i].expected);
        for (size_t size = 0; size <= n + 2; size++) {
            char *room = malloc(size ? size : 1); /* of exactly the size, but never none */
            assert_non_null(room);
            memset(room, '?', size ? size : 1);
            CHECK(ph_xtext_encode(rows[i].text, size ? room : NULL, size) == n, rows[i].note);
            if (size > 0)
                CHECK(strcmp(room, size > n ? rows[i].expected : "") == 0, rows[i].note);
            free(room);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new__takes_mailboxes_with_and_without_brackets),
        cmocka_unit_test(new__what_is_no_mailbox_is_refused),
        cmocka_unit_test(new__the_longest_mailbox_is_taken_and_one_byte_more_refused),
        cmocka_unit_test(new__the_mailbox_is_copied),
        cmocka_unit_test(add_parameter__order_is_kept_and_the_same_comes_once),
        cmocka_unit_test(add_parameter__other_forms_are_refused),
        cmocka_unit_test(add_parameter__more_than_a_line_holds_is_refused_whole),
        cmocka_unit_test(copy__has_all_and_lives_on_its_own),
        cmocka_unit_test(free__null_is_allowed),
        cmocka_unit_test(all__each_allocation_may_fail),
        cmocka_unit_test(all__the_allocator_itself_may_go),
        cmocka_unit_test(xtext__encodes_what_rfc_3461_wants),
    };
    return cmocka_run_group_tests_name("protocol/address", tests, NULL, NULL);
}
