/* SPDX-License-Identifier: MIT */
#include "pool/rate.h"

#include "unit/base/test.h"

/* @return how many may go in so many milliseconds, one asked for each millisecond that one may */
static int taken(double per_second, uint64_t ms)
{
    struct ph__rate rate = {.filled_ms = 0};
    int n = 0;
    for (uint64_t now = 1; now <= ms; now++) {
        while (ph__rate_take(&rate, per_second, now))
            n++;
        assert_true(ph__rate_next(&rate, per_second, now) > now);
    }
    return n;
}

static void take__keeps_the_rate(void **state)
{
    (void)state;
    static const double rates[] = {0.5, 1, 3, 10, 100, 1000};
    for (size_t i = 0; i < ROWS(rates); i++) {
        const double expected = rates[i] * 60;
        const int n = taken(rates[i], 60000);
        assert_true(n >= expected - 1);
        assert_true(n <= expected + 1 + rates[i] / 10);
    }
}

static void take__without_limit_always_may(void **state)
{
    (void)state;
    struct ph__rate rate = {.filled_ms = 0};
    for (int i = 0; i < 1000; i++)
        assert_true(ph__rate_take(&rate, 0, 1));
}

static void next__is_when_one_may_go(void **state)
{
    (void)state;
    struct ph__rate rate = {.filled_ms = 0};
    assert_true(ph__rate_take(&rate, 2, 1000));
    assert_false(ph__rate_take(&rate, 2, 1001));
    const uint64_t next = ph__rate_next(&rate, 2, 1001);
    assert_in_range(next, 1500, 1502);
    assert_true(ph__rate_take(&rate, 2, next));
}

static void next__of_a_tiny_rate_is_a_time_far_away(void **state)
{
    (void)state;
    static const double rates[] = {1e-6, 1e-12, 1e-300, 5e-324};
    for (size_t i = 0; i < ROWS(rates); i++) {
        struct ph__rate rate = {.filled_ms = 0};
        assert_true(ph__rate_take(&rate, rates[i], 1000));
        assert_false(ph__rate_take(&rate, rates[i], 1000));
        const uint64_t next = ph__rate_next(&rate, rates[i], 1000);
        assert_true(next >= 1000 + UINT64_C(1000000000) && next < UINT64_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(take__keeps_the_rate),
        cmocka_unit_test(take__without_limit_always_may),
        cmocka_unit_test(next__is_when_one_may_go),
        cmocka_unit_test(next__of_a_tiny_rate_is_a_time_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
