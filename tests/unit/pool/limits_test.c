/* SPDX-License-Identifier: MIT */
/* Limits on connections and their messages, as the servers see them. */
#include "unit/pool/world.h"

static void connections__in_all_are_bounded(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 3, 7};
    for (size_t i = 0; i < ROWS(limits); i++) {
        struct world w;
        world_begin(&w, 10);
        world_set_content_takes(&w, 10);
        ph_pool_set_connections_max(w.pool, limits[i]);
        world_send_many(&w, 300, "example.net");
        world_finish(&w);
        assert_int_equal(w.open_max, limits[i]);
        assert_int_equal(world_end(&w).sent, 300);
    }
}

static void connections__to_each_server_are_bounded(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 4, 6};
    for (size_t i = 0; i < ROWS(limits); i++) {
        struct world w;
        world_begin(&w, 5);
        world_set_content_takes(&w, 10);
        ph_pool_set_connections_per_server(w.pool, limits[i]);
        world_send_many(&w, 300, "example.net");
        world_finish(&w);
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(w.sites[k].open_max, limits[i]);
        assert_int_equal(world_end(&w).sent, 300);
    }
}

/* Of none: at least one is needed to send anything. */
static void connections__of_none_are_one(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    ph_pool_set_connections_max(w.pool, 0);
    ph_pool_set_connections_per_server(w.pool, 0);
    world_send_many(&w, 10, "example.net");
    world_finish(&w);
    assert_int_equal(w.open_max, 1);
    assert_int_equal(world_end(&w).sent, 10);
}

static void connections__are_no_more_than_messages(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    world_set_content_takes(&w, 10);
    ph_pool_set_connections_per_server(w.pool, 50);
    world_send_many(&w, 3, "example.net");
    world_finish(&w);
    assert_in_range(w.sites[0].dialed_count, 1, 3);
    (void)world_end(&w);
}

static void connections__may_be_more_at_once(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    w.sites[0].content_takes = w.sites[1].content_takes = 1000;
    ph_pool_set_connections_max(w.pool, 2);
    ph_pool_set_connections_per_server(w.pool, 1);
    world_send_many(&w, 100, "example.net");
    world_go_to(&w, 10);
    assert_int_equal(w.open_count, 2);
    ph_pool_set_connections_per_server(w.pool, 5);
    ph_pool_set_connections_max(w.pool, 10);
    world_go_to(&w, 20);
    assert_int_equal(w.open_count, 10);
    world_finish(&w);
    (void)world_end(&w);
}

static void messages__on_each_connection_are_bounded(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 2, 7};
    for (size_t i = 0; i < ROWS(limits); i++) {
        struct world w;
        world_begin(&w, 1);
        world_set_content_takes(&w, 10);
        ph_pool_set_messages_per_connection(w.pool, limits[i]);
        ph_pool_set_connections_per_server(w.pool, 2);
        world_send_many(&w, 56, "example.net");
        world_finish(&w);
        size_t counts[64] = {0};
        for (size_t n = 0; n < w.arrival_count; n++)
            assert_true(++counts[w.arrivals[n].visit] <= limits[i]);
        assert_in_range(w.sites[0].dialed_count, 56 / limits[i], 56 / limits[i] + 1);
        world_settle(&w);
        assert_in_range(w.sites[0].quit_count, w.sites[0].dialed_count - 1,
                        w.sites[0].dialed_count);
        assert_int_equal(world_end(&w).sent, 56);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections__in_all_are_bounded),
        cmocka_unit_test(connections__to_each_server_are_bounded),
        cmocka_unit_test(connections__of_none_are_one),
        cmocka_unit_test(connections__are_no_more_than_messages),
        cmocka_unit_test(connections__may_be_more_at_once),
        cmocka_unit_test(messages__on_each_connection_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
