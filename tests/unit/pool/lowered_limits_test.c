/* SPDX-License-Identifier: MIT */
/* Limits that are lowered: what is under way ends as it began, and what is beyond them goes. */
#include "unit/pool/world.h"

enum {
    many = 200
};

static void begin(struct world *w, uint64_t content_takes)
{
    world_begin(w, 2);
    world_set_content_takes(w, content_takes);
}

static void connections__in_all_become_fewer_while_they_send(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 10);
    world_send_many(&w, many, "example.net");
    world_go_to(&w, 5);
    assert_int_equal(w.open_count, 8);
    ph_pool_set_connections_max(w.pool, 3);
    world_go_to(&w, 50);
    assert_in_range(w.open_count, 1, 3);
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, many);
}

static void connections__to_each_server_become_fewer_while_they_send(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 10);
    world_send_many(&w, many, "example.net");
    world_go_to(&w, 5);
    ph_pool_set_connections_per_server(w.pool, 1);
    world_go_to(&w, 50);
    assert_int_equal(w.sites[0].open_count, 1);
    assert_int_equal(w.sites[1].open_count, 1);
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, many);
}

/* Those that idle go at once, and no more than are too many. */
static void connections__that_idle_become_fewer(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 10);
    world_send_many(&w, 8, "example.net");
    world_finish(&w);
    assert_int_equal(world_statistics(&w).connections_idle, 8);
    ph_pool_set_connections_max(w.pool, 5);
    world_settle(&w);
    assert_int_equal(world_statistics(&w).connections_idle, 5);
    ph_pool_set_connections_per_server(w.pool, 1);
    world_settle(&w);
    assert_int_equal(world_statistics(&w).connections_idle, 2);
    assert_int_equal(w.sites[0].quit_count + w.sites[1].quit_count, 6);
    (void)world_end(&w);
}

/* One that has sent as many before takes no other. */
static void messages__on_each_connection_become_fewer(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    ph_pool_set_connections_per_server(w.pool, 1);
    world_send_many(&w, 6, "example.net");
    world_finish(&w);
    ph_pool_set_messages_per_connection(w.pool, 2);
    world_settle(&w);
    assert_int_equal(w.open_count, 0);
    world_send_many(&w, 8, "example.net");
    world_finish(&w);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(w.sites[i].dialed_count, 3);
    assert_int_equal(world_end(&w).sent, 14);
}

static void lower_limits(struct letter *letter)
{
    struct world *w = letter->world;
    ph_pool_set_connections_max(w->pool, 1);
    ph_pool_set_connections_per_server(w->pool, 1);
    ph_pool_set_messages_per_connection(w->pool, 1);
}

static void limits__may_be_lowered_from_within(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 10);
    w.told = lower_limits;
    world_send_many(&w, 40, "example.net");
    world_finish(&w);
    world_settle(&w);
    assert_in_range(w.open_count, 0, 1);
    assert_int_equal(world_end(&w).sent, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections__in_all_become_fewer_while_they_send),
        cmocka_unit_test(connections__to_each_server_become_fewer_while_they_send),
        cmocka_unit_test(connections__that_idle_become_fewer),
        cmocka_unit_test(messages__on_each_connection_become_fewer),
        cmocka_unit_test(limits__may_be_lowered_from_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
