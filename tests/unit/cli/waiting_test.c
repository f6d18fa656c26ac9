/* SPDX-License-Identifier: MIT */
#include "cli/bulk/waiting.h"

#include <stdio.h>

#include "unit/base/test.h"

enum {
    now_ms = 1000000
};

static struct item item_of(char *identity, uint32_t attempts)
{
    return (struct item){.identity = identity, .attempts = attempts};
}

static void delays__double_up_to_a_minute(void **state)
{
    static const struct {
        uint32_t attempts;
        int delay;
    } rows[] = {{0, 0},     {1, 500},   {2, 1000},          {3, 2000},
                {7, 32000}, {8, 60000}, {UINT32_MAX, 60000}};
    char identity[] = "7-aa";
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct waiting waiting = {.count = 0};
        struct item item = item_of(identity, rows[i].attempts);
        assert_int_equal(waiting_timeout(&waiting, now_ms), -1);
        assert_true(waiting_add(&waiting, &item, now_ms));
        const int delay = waiting_timeout(&waiting, now_ms);
        assert_in_range(delay, rows[i].delay, rows[i].delay + rows[i].delay / 4);
        const uint64_t due_ms = now_ms + (uint64_t)delay;
        assert_null(waiting_take_due(&waiting, due_ms - 1));
        assert_int_equal(waiting_timeout(&waiting, due_ms + 5), 0);
        assert_ptr_equal(waiting_take_due(&waiting, due_ms), &item);
        assert_null(waiting_take_any(&waiting));
        waiting_release(&waiting);
    }
}

static void items__come_in_the_order_of_their_times(void **state)
{
    enum {
        count = 500
    };
    static struct item items[count];
    static char identities[count][16];
    struct waiting waiting = {.count = 0};
    uint64_t last_ms = 0;
    (void)state;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(identities[i], sizeof identities[i], "%zu-aa", i);
        items[i] = item_of(identities[i], (uint32_t)(1 + i % 8));
        assert_true(waiting_add(&waiting, &items[i], now_ms + i * 7919 % 1000));
    }
    for (size_t i = 0; i < count; i++) {
        const struct item *item = waiting_take_due(&waiting, UINT64_MAX);
        assert_non_null(item);
        assert_true(item->due_ms >= last_ms);
        last_ms = item->due_ms;
    }
    assert_null(waiting_take_due(&waiting, UINT64_MAX));
    waiting_release(&waiting);
}

static void content__that_waits_is_bounded(void **state)
{
    struct waiting waiting = {.count = 0};
    char identity[] = "7-aa";
    struct item small = item_of(identity, 1);
    struct item large = item_of(identity, 1);
    (void)state;
    large.content.memory.length = 64 * 1024 * 1024;
    assert_true(waiting_add(&waiting, &small, now_ms));
    assert_false(waiting_is_full(&waiting));
    assert_true(waiting_add(&waiting, &large, now_ms));
    assert_true(waiting_is_full(&waiting));
    while (waiting_take_any(&waiting))
        continue;
    assert_false(waiting_is_full(&waiting));
    waiting_release(&waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays__double_up_to_a_minute),
        cmocka_unit_test(items__come_in_the_order_of_their_times),
        cmocka_unit_test(content__that_waits_is_bounded),
    };
    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
