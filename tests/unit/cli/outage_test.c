/* SPDX-License-Identifier: MIT */
#include "cli/bulk/outage.h"

#include "unit/base/test.h"

enum {
    now_ms = 1000000
};

static void no_outage__holds_nothing_up(void **state)
{
    const struct outage outage = {.tries = 0};
    (void)state;
    assert_int_equal(outage_timeout(&outage, 0), 0);
    assert_int_equal(outage_timeout(&outage, now_ms), 0);
}

static void what_was_handed_over_together__is_one_try(void **state)
{
    struct outage outage = {.tries = 0};
    (void)state;
    outage_try(&outage);
    assert_true(outage_meet(&outage, 7, now_ms));
    assert_false(outage_meet(&outage, 7, now_ms));
    assert_false(outage_meet(&outage, 7, now_ms + 400)); /* many of them take a while */
    assert_int_equal(outage.tries, 1);
    assert_int_equal(outage.sessions, 7);
    assert_int_equal(outage_timeout(&outage, now_ms), 625);
    outage_try(&outage);
    assert_true(outage_meet(&outage, 7, now_ms + 700));
    assert_int_equal(outage.tries, 2);
}

static void waits__grow_up_to_a_minute_and_a_quarter(void **state)
{
    static const int expected[] = {625, 1250, 2500, 5000, 10000, 20000, 40000, 75000, 75000};
    struct outage outage = {.tries = 0};
    uint64_t at_ms = now_ms;
    (void)state;
    for (size_t i = 0; i < ROWS(expected); i++) {
        outage_try(&outage);
        assert_true(outage_meet(&outage, 7, at_ms));
        assert_int_equal(outage_timeout(&outage, at_ms), expected[i]);
        at_ms += (uint64_t)expected[i];
        assert_int_equal(outage_timeout(&outage, at_ms - 1), 1);
        assert_int_equal(outage_timeout(&outage, at_ms), 0);
    }
}

static void a_session__ends_it(void **state)
{
    struct outage outage = {.tries = 0};
    (void)state;
    for (int i = 0; i < 5; i++) {
        outage_try(&outage);
        assert_true(outage_meet(&outage, 7, now_ms));
    }
    outage_end(&outage);
    assert_int_equal(outage_timeout(&outage, now_ms), 0);
    outage_try(&outage);
    assert_true(outage_meet(&outage, 7, now_ms));
    assert_int_equal(outage.tries, 1);
    assert_int_equal(outage_timeout(&outage, now_ms), 625);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_outage__holds_nothing_up),
        cmocka_unit_test(what_was_handed_over_together__is_one_try),
        cmocka_unit_test(waits__grow_up_to_a_minute_and_a_quarter),
        cmocka_unit_test(a_session__ends_it),
    };
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
