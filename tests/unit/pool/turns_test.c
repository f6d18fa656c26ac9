/* SPDX-License-Identifier: MIT */
/* Whose turn it is: among servers, among priorities, and within rates. */
#include "unit/pool/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Servers --------------------------------------------------------------------------------- */

/* Queues of very different lengths: until the first one is empty, nobody is ahead of anybody by
 * more than two turns of a connection. */
static void servers__share_few_connections_evenly(void **state)
{
    (void)state;
    enum {
        sites = 50,
        connections = 10,
        at_least = 100,
        turn = 17 /* sixteen, and one that was on its way already */
    };
    struct world w;
    size_t counts[sites] = {0};
    size_t most = 0;
    world_begin(&w, sites);
    ph_pool_set_connections_max(w.pool, connections);
    for (size_t i = 0; i < sites; i++) {
        w.sites[i].content_takes = 10;
        for (size_t n = 0; n < at_least + i % 5 * 50; n++)
            (void)world_send(&w, &w.sites[i], n, "example.net");
    }
    world_finish(&w);
    for (size_t i = 0; i < w.arrival_count && most < at_least; i++) {
        size_t *count = &counts[w.arrivals[i].site->number];
        most = ++*count > most ? *count : most;
    }
    for (size_t i = 0; i < sites; i++)
        assert_in_range(counts[i], most - 2 * turn, most);
    assert_int_equal(w.open_max, connections);
    assert_int_equal(world_end(&w).sent, sites * (at_least + 100));
}

/* Two are enough to find who always comes second. */
static void servers__take_turns_within_the_rate_of_all(void **state)
{
    (void)state;
    for (size_t sites = 2; sites <= 5; sites++) {
        struct world w;
        world_begin(&w, sites);
        ph_pool_set_rate(w.pool, 1);
        for (size_t i = 0; i < sites; i++) {
            for (size_t n = 0; n < 20; n++)
                (void)world_send(&w, &w.sites[i], n, "example.net");
        }
        world_go_to(&w, sites * 10 * 1001);
        for (size_t i = 0; i < sites; i++)
            assert_in_range(world_arrived(&w, &w.sites[i]), 9, 11);
        (void)world_end(&w);
    }
}

/* A server that waits for a place, while those that have one keep getting messages. */
static void server__without_a_connection_does_not_starve(void **state)
{
    (void)state;
    enum {
        sites = 3
    };
    struct world w;
    world_begin(&w, sites);
    ph_pool_set_connections_max(w.pool, 2);
    for (size_t i = 0; i < 2; i++) {
        w.sites[i].content_takes = 10;
        for (size_t n = 0; n < 500; n++)
            (void)world_send(&w, &w.sites[i], n, "example.net");
    }
    world_go_to(&w, 1000);
    const struct letter *late = world_send(&w, &w.sites[2], 0, "example.net");
    world_go_to(&w, 1000 + 10 * 17);
    assert_int_equal(late->count, 1);
    world_finish(&w);
    assert_int_equal(w.open_max, 2);
    assert_int_equal(world_end(&w).sent, 1001);
}

/* One idle connection is given up for it, and no more. */
static void place__is_made_by_one_that_idles(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    ph_pool_set_connections_max(w.pool, 4);
    w.sites[0].content_takes = 10;
    for (size_t n = 0; n < 8; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_finish(&w);
    assert_int_equal(world_statistics(&w).connections_idle, 4);
    (void)world_send(&w, &w.sites[1], 0, "example.net");
    world_finish(&w);
    assert_int_equal(w.sites[0].quit_count, 1);
    assert_int_equal(w.open_max, 4);
    assert_int_equal(world_end(&w).sent, 9);
}

/* ---- Priorities ------------------------------------------------------------------------------ */

/* Adds so many of a priority, whose letter the recipients begin with. */
static void add_many(struct world *w, ph_priority priority, size_t count)
{
    static const char *const domains[] = {"normal.example", "high.example", "low.example"};
    char recipient[64];
    for (size_t n = 0; n < count; n++) {
        (void)snprintf(recipient, sizeof recipient, "n%zu@%s", n, domains[priority]);
        world_add(world_letter(w, recipient), &w->sites[0], priority);
    }
}

/* @return how many of the first so many arrivals are of a priority, by the letter of its domain */
static size_t among_first(const struct world *w, size_t count, char letter)
{
    size_t n = 0;
    assert_true(count <= w->arrival_count);
    for (size_t i = 0; i < count; i++)
        n += strchr(w->arrivals[i].recipient, '@')[1] == letter;
    return n;
}

static void begin_with_one_connection(struct world *w)
{
    world_begin(w, 1);
    ph_pool_set_connections_per_server(w->pool, 1);
}

static void high__goes_first_but_for_one_turn_of_eight(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_connection(&w);
    add_many(&w, PH_PRIORITY_NORMAL, 100);
    add_many(&w, PH_PRIORITY_HIGH, 100);
    world_finish(&w);
    assert_int_equal(among_first(&w, 80, 'h'), 70);
    assert_int_equal(among_first(&w, 80, 'n'), 10);
    assert_int_equal(among_first(&w, 200, 'h'), 100);
    (void)world_end(&w);
}

static void normal__goes_before_low_but_for_one_turn_of_eight(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_connection(&w);
    add_many(&w, PH_PRIORITY_LOW, 100);
    add_many(&w, PH_PRIORITY_NORMAL, 100);
    world_finish(&w);
    assert_int_equal(among_first(&w, 80, 'n'), 70);
    assert_int_equal(among_first(&w, 80, 'l'), 10);
    (void)world_end(&w);
}

/* Neither of the lower ones waits for ever. */
static void lower_priorities__share_their_turns(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_connection(&w);
    add_many(&w, PH_PRIORITY_LOW, 100);
    add_many(&w, PH_PRIORITY_NORMAL, 100);
    add_many(&w, PH_PRIORITY_HIGH, 200);
    world_finish(&w);
    assert_int_equal(among_first(&w, 160, 'h'), 140);
    assert_int_equal(among_first(&w, 160, 'n'), 10);
    assert_int_equal(among_first(&w, 160, 'l'), 10);
    (void)world_end(&w);
}

static void messages__of_one_priority_keep_their_order(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_connection(&w);
    add_many(&w, PH_PRIORITY_NORMAL, 30);
    world_finish(&w);
    for (size_t n = 0; n < 30; n++)
        assert_int_equal(atoi(w.arrivals[n].recipient + 1), n);
    (void)world_end(&w);
}

/* ---- Rates ----------------------------------------------------------------------------------- */

static size_t arrived_by(const struct world *w, const struct site *site, uint64_t ms)
{
    size_t n = 0;
    for (size_t i = 0; i < w->arrival_count; i++)
        n += w->arrivals[i].at_ms <= w->begun_ms + ms && (!site || w->arrivals[i].site == site);
    return n;
}

static void rate__of_all_is_kept(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 3);
    ph_pool_set_rate(w.pool, 20);
    for (size_t n = 0; n < 300; n++)
        (void)world_send(&w, &w.sites[n % 3], n, "example.net");
    world_finish(&w);
    assert_in_range(arrived_by(&w, NULL, 0), 1, 2); /* no burst */
    for (uint64_t second = 1; second < 15; second++)
        assert_in_range(arrived_by(&w, NULL, second * 1000), second * 20 - 1, second * 20 + 2);
    (void)world_end(&w);
}

static void rate__of_each_server_is_kept(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 3);
    ph_pool_set_server_rate(w.pool, 2);
    for (size_t n = 0; n < 60; n++)
        (void)world_send(&w, &w.sites[n % 3], n, "example.net");
    world_finish(&w);
    for (uint64_t second = 0; second < 9; second++) {
        for (size_t i = 0; i < 3; i++)
            assert_in_range(arrived_by(&w, &w.sites[i], second * 1000), second * 2, second * 2 + 1);
    }
    (void)world_end(&w);
}

/* Each message finds its connections idle for so long that they are asked first. */
static void rate__that_is_low_is_reached(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    ph_pool_set_server_rate(w.pool, 0.2);
    ph_pool_set_idle_timeout(w.pool, 60000);
    for (size_t n = 0; n < 60; n++)
        (void)world_send(&w, &w.sites[n % 2], n, "example.net");
    world_finish(&w);
    for (uint64_t tens = 1; tens < 14; tens++) {
        for (size_t i = 0; i < 2; i++)
            assert_in_range(arrived_by(&w, &w.sites[i], tens * 10000), tens * 2, tens * 2 + 1);
    }
    (void)world_end(&w);
}

/* The narrower one holds, and neither is spent on what the other forbids. */
static void rates__hold_together(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 4);
    ph_pool_set_server_rate(w.pool, 2);
    ph_pool_set_rate(w.pool, 4);
    for (size_t n = 0; n < 80; n++)
        (void)world_send(&w, &w.sites[n % 4], n, "example.net");
    world_finish(&w);
    for (uint64_t second = 1; second < 19; second++)
        assert_in_range(arrived_by(&w, NULL, second * 1000), second * 4 - 1, second * 4 + 1);
    for (size_t i = 0; i < 4; i++)
        assert_in_range(arrived_by(&w, &w.sites[i], 10000), 8, 12);
    (void)world_end(&w);
}

/* Neither waits for what the old rate would have allowed. */
static void rates__that_are_raised_hold_at_once(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    ph_pool_set_rate(w.pool, 0.001);
    for (size_t n = 0; n < 20; n++)
        (void)world_send(&w, &w.sites[n % 2], n, "example.net");
    world_go_to(&w, 1000);
    assert_int_equal(w.arrival_count, 1);
    ph_pool_set_rate(w.pool, 0);
    ph_pool_set_server_rate(w.pool, 0.001);
    world_go_to(&w, 2000);
    assert_in_range(w.arrival_count, 2, 3);
    ph_pool_set_server_rate(w.pool, 0);
    world_go_to(&w, 3000);
    assert_int_equal(w.arrival_count, 20);
    (void)world_end(&w);
}

/* An idle connection was asked for the sake of a message that was then taken back: what its turn
 * cost is the next one's, which waits neither for the rate nor for the time when it may go on. */
static void rate__is_not_asked_by_what_was_paid_for(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    (void)world_send(&w, &w.sites[0], 0, "example.net");
    world_finish(&w);
    ph_pool_set_rate(w.pool, 0.1);
    world_go_to(&w, 3000);
    const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    ph_pool_process(w.pool, w.now_ms);
    assert_int_equal(ph_pool_cancel(w.pool, letter->message), PH_OK);
    (void)world_send(&w, &w.sites[1], 2, "example.net");
    world_settle(&w);
    assert_int_equal(w.sites[0].noop_count, 1);
    assert_int_equal(w.arrival_count, 1);
    (void)world_send(&w, &w.sites[0], 3, "example.net");
    assert_true(ph_pool_deadline(w.pool) <= w.now_ms);
    world_settle(&w);
    assert_int_equal(w.arrival_count, 2);
    world_finish(&w);
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers__share_few_connections_evenly),
        cmocka_unit_test(servers__take_turns_within_the_rate_of_all),
        cmocka_unit_test(server__without_a_connection_does_not_starve),
        cmocka_unit_test(place__is_made_by_one_that_idles),
        cmocka_unit_test(high__goes_first_but_for_one_turn_of_eight),
        cmocka_unit_test(normal__goes_before_low_but_for_one_turn_of_eight),
        cmocka_unit_test(lower_priorities__share_their_turns),
        cmocka_unit_test(messages__of_one_priority_keep_their_order),
        cmocka_unit_test(rate__of_all_is_kept),
        cmocka_unit_test(rate__of_each_server_is_kept),
        cmocka_unit_test(rate__that_is_low_is_reached),
        cmocka_unit_test(rates__hold_together),
        cmocka_unit_test(rates__that_are_raised_hold_at_once),
        cmocka_unit_test(rate__is_not_asked_by_what_was_paid_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
