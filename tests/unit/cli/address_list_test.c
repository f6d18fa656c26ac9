/* SPDX-License-Identifier: MIT */
#include "cli/bulk/address_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/base/test.h"

/* Writes the addresses with "|" behind each. */
static void list_all(const char *value, char *all, size_t size)
{
    const size_t n = strlen(value);
    char *exact = malloc(n + 1); /* of exactly its size, so that an over-read is seen */
    assert_non_null(exact);
    memcpy(exact, value, n);
    exact = realloc(exact, n ? n : 1);
    struct address_list list;
    address_list_begin(&list, exact, n);
    size_t used = 0;
    all[0] = '\0';
    while (address_list_next(&list))
        used += (size_t)snprintf(all + used, size - used, "%s|", list.address);
    free(exact);
}

static void addresses_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected, *note;
    } rows[] = {
        {" bob@example.org\r\n", "bob@example.org|", "a bare one"},
        {" Bob <bob@example.org>", "bob@example.org|", "with a name"},
        {" \"Smith, Bob\" <bob@example.org>, carol@example.org",
         "bob@example.org|carol@example.org|", "a comma in a quoted name"},
        {" a@x.org,\r\n b@x.org,\n\tc@x.org\n", "a@x.org|b@x.org|c@x.org|", "folded"},
        {" a@x.org (work, (old) <b@x.org>), c@x.org", "a@x.org|c@x.org|", "nested comments"},
        {" (\\)) a@x.org", "a@x.org|", "a quoted bracket in a comment"},
        {" friends: a@x.org, B <b@x.org>; c@x.org", "a@x.org|b@x.org|c@x.org|", "a group"},
        {" undisclosed-recipients:;", "", "an empty group"},
        {" <@one.org,@two.org:a@x.org>", "a@x.org|", "a route"},
        {" \"a b\"@x.org, <\"c>d\"@x.org>", "\"a b\"@x.org|\"c>d\"@x.org|", "quoted local parts"},
        {" a@[192.0.2.1], <b@[IPv6:2001:db8::1]>", "a@[192.0.2.1]|b@[IPv6:2001:db8::1]|",
         "literals"},
        {" a @ x . org , < b @ x.org >", "a@x.org|b@x.org|", "blanks around dots"},
        {" Bob Smith", "Bob Smith|", "two words are no address"},
        {" <>", "|", "the null sender"},
        {" ,, a@x.org ,,", "a@x.org|", "empty elements"},
        {"", "", "nothing"},
        {" (never closed", "", "an open comment"},
        {" <a@x.org", "a@x.org|", "an open bracket"},
        {" \"never closed", "\"never closed|", "an open quote"},
        {" a@x.org;b@x.org", "a@x.org|b@x.org|", "semicolons"},
        {" Bob <bob@x.org> (home), c@x.org", "bob@x.org|c@x.org|", "a comment behind"},
        {" j\xc3\xb6rg@x.org", "j\xc3\xb6rg@x.org|", "beyond ASCII"},
    };
    char all[500];
    for (size_t i = 0; i < ROWS(rows); i++) {
        list_all(rows[i].value, all, sizeof all);
        if (strcmp(all, rows[i].expected) != 0)
            fail_msg("%s: \"%s\"", rows[i].note, all);
    }
}

static void a_long_address__is_cut_behind_the_limit(void **state)
{
    (void)state;
    char value[3 * PH_ADDRESS_MAX];
    memset(value, 'a', sizeof value);
    struct address_list list;
    address_list_begin(&list, value, sizeof value);
    assert_true(address_list_next(&list));
    assert_int_equal(list.length, PH_ADDRESS_MAX + 1);
    assert_int_equal(strlen(list.address), list.length);
    assert_false(address_list_next(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(a_long_address__is_cut_behind_the_limit),
    };
    return cmocka_run_group_tests_name("address_list", tests, NULL, NULL);
}
