/* SPDX-License-Identifier: MIT */
#include "pool/timers.h"

#include <posthaste/error.h>

#include "base/allocator.h"
#include "unit/base/test.h"

enum {
    n = 300
};

static uint64_t earliest(const struct ph__timer *timers)
{
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (timers[i].place != 0 && timers[i].at_ms < at)
            at = timers[i].at_ms;
    }
    return at;
}

/* Sets, moves, unsets and takes at random; the heap always knows the earliest. */
static void timers__come_in_their_order_whatever_was_done(void **state)
{
    (void)state;
    struct ph__timers timers;
    static struct ph__timer all[n];
    uint32_t seed = 7;
    ph__timers_init(&timers, ph__allocator_or_default(NULL));
    assert_int_equal(ph__timers_reserve(&timers, n), PH_OK);
    for (int round = 0; round < 20000; round++) {
        seed = seed * 1664525u + 1013904223u;
        struct ph__timer *one = &all[(seed >> 8) % n];
        const uint64_t time = (seed >> 4) % 1000;
        switch (seed >> 30) {
        case 0:
            ph__timers_unset(&timers, one);
            assert_int_equal(one->place, 0);
            break;
        case 1: {
            const uint64_t first = earliest(all);
            const struct ph__timer *due = ph__timers_take_due(&timers, time);
            assert_true(due ? due->at_ms == first && first <= time : first > time);
            break;
        }
        default:
            ph__timers_set(&timers, one, time);
        }
        assert_int_equal(ph__timers_next(&timers), earliest(all));
    }
    ph__timers_release(&timers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers__come_in_their_order_whatever_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
