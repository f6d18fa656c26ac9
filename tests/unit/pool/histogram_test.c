/* SPDX-License-Identifier: MIT */
#include "pool/histogram.h"

#include "unit/base/test.h"

static void quantile__of_one_value_is_it_within_an_eighth(void **state)
{
    (void)state;
    for (uint64_t value = 0; value < 10000000; value += 1 + value / 5) {
        struct ph__histogram histogram = {.total = 0};
        ph__histogram_add(&histogram, value);
        const uint64_t median = ph__histogram_quantile(&histogram, 0.5);
        assert_true(median >= value);
        assert_true(median <= value + value / 8);
    }
}

static void quantile__says_what_a_part_does_not_exceed(void **state)
{
    (void)state;
    struct ph__histogram histogram = {.total = 0};
    assert_int_equal(ph__histogram_quantile(&histogram, 0.5), 0);
    for (uint64_t value = 1; value <= 1000; value++)
        ph__histogram_add(&histogram, value);
    const uint64_t median = ph__histogram_quantile(&histogram, 0.5);
    const uint64_t most = ph__histogram_quantile(&histogram, 0.99);
    assert_in_range(median, 500, 563);
    assert_in_range(most, 990, 1114);
    assert_in_range(ph__histogram_quantile(&histogram, 0), 1, 1);
}

static void add__takes_any_value(void **state)
{
    (void)state;
    struct ph__histogram histogram = {.total = 0};
    ph__histogram_add(&histogram, UINT64_MAX);
    ph__histogram_add(&histogram, UINT64_MAX / 2);
    assert_int_equal(histogram.total, 2);
    assert_true(ph__histogram_quantile(&histogram, 1) >= UINT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantile__of_one_value_is_it_within_an_eighth),
        cmocka_unit_test(quantile__says_what_a_part_does_not_exceed),
        cmocka_unit_test(add__takes_any_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
