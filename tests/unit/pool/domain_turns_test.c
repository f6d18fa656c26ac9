/* SPDX-License-Identifier: MIT */
/* Whose turn it is among messages that stand aside for their recipient domain. */
#include "unit/pool/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds so many of a priority, all of one domain for the pool; the recipients' own say which
 * priority it was, and their numbers go on from @p number. */
static void add_many(struct world *w, ph_priority priority, size_t number, size_t count)
{
    static const char *const domains[] = {"normal.example", "high.example", "low.example"};
    char recipient[64];
    for (size_t n = number; n < number + count; n++) {
        (void)snprintf(recipient, sizeof recipient, "n%zu@%s", n, domains[priority]);
        struct letter *letter = world_letter(w, recipient);
        const ph_pool_options options = {
            .priority = priority, .domain = "all.example", .done = world_done, .user_data = letter};
        assert_int_equal(ph_pool_add(w->pool, w->sites[0].server, letter->message, &options),
                         PH_OK);
    }
}

/* @return how many arrivals from @p first on are of a priority, by the letter of its domain */
static size_t among(const struct world *w, size_t first, size_t count, char letter)
{
    size_t n = 0;
    assert_true(first + count <= w->arrival_count);
    for (size_t i = first; i < first + count; i++)
        n += strchr(w->arrivals[i].recipient, '@')[1] == letter;
    return n;
}

static void expect_order(const struct world *w, const char *const *recipients, size_t count)
{
    assert_true(count <= w->arrival_count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(w->arrivals[i].recipient, recipients[i]);
}

static void begin(struct world *w, size_t limit)
{
    world_begin(w, 1);
    w->sites[0].content_takes = 10;
    ph_pool_set_messages_per_domain(w->pool, limit);
}

static void high__goes_before_what_stands_aside(void **state)
{
    (void)state;
    static const char *const order[] = {"n0@normal.example", "n8@high.example", "n1@normal.example",
                                        "n2@normal.example", "n3@normal.example"};
    struct world w;
    begin(&w, 1);
    add_many(&w, PH_PRIORITY_NORMAL, 0, 8);
    world_go_to(&w, 5);
    add_many(&w, PH_PRIORITY_HIGH, 8, 1);
    world_finish(&w);
    expect_order(&w, order, ROWS(order));
    assert_int_equal(world_end(&w).sent, 9);
}

/* The first one goes before anything stands aside. */
static void lower_priorities__share_one_turn_of_eight(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    add_many(&w, PH_PRIORITY_LOW, 0, 100);
    add_many(&w, PH_PRIORITY_NORMAL, 0, 100);
    add_many(&w, PH_PRIORITY_HIGH, 0, 200);
    world_finish(&w);
    for (size_t n = 0; n < 10; n++) {
        assert_int_equal(among(&w, 1 + 16 * n, 16, 'h'), 14);
        assert_int_equal(among(&w, 1 + 16 * n, 16, 'n'), 1);
        assert_int_equal(among(&w, 1 + 16 * n, 16, 'l'), 1);
    }
    size_t next[128] = {0};
    for (size_t i = 0; i < w.arrival_count; i++) {
        const char *recipient = w.arrivals[i].recipient;
        size_t *number = &next[(unsigned char)strchr(recipient, '@')[1] % ROWS(next)];
        assert_int_equal(atoi(recipient + 1), *number);
        ++*number;
    }
    assert_int_equal(world_end(&w).sent, 400);
}

/* Both that are under way end, and two are called, while the rate lets nothing begin. */
static void messages__that_are_called_keep_their_order(void **state)
{
    (void)state;
    static const char *const order[] = {"n0@normal.example", "n1@normal.example",
                                        "n2@normal.example", "n3@normal.example",
                                        "n4@normal.example"};
    struct world w;
    begin(&w, 2);
    ph_pool_set_server_rate(w.pool, 0.1);
    w.sites[0].content_takes = 15000;
    add_many(&w, PH_PRIORITY_NORMAL, 0, 5);
    world_go_to(&w, 5000);
    w.sites[0].content_takes = 4500;
    world_finish(&w);
    expect_order(&w, order, ROWS(order));
    assert_int_equal(world_end(&w).sent, 5);
}

/* One is called, and has to wait for the rate; another, of a higher priority, comes meanwhile. */
static void message__that_is_called_in_vain_is_called_first_again(void **state)
{
    (void)state;
    static const char *const order[] = {"n0@normal.example", "n4@high.example", "n1@normal.example",
                                        "n2@normal.example", "n3@normal.example"};
    struct world w;
    begin(&w, 1);
    ph_pool_set_server_rate(w.pool, 0.1);
    add_many(&w, PH_PRIORITY_NORMAL, 0, 4);
    world_go_to(&w, 5000);
    add_many(&w, PH_PRIORITY_HIGH, 4, 1);
    world_finish(&w);
    expect_order(&w, order, ROWS(order));
    assert_int_equal(world_end(&w).sent, 5);
}

/* The turn that is a lower priority's: it is not lost to the one that came between. */
static void turn__that_came_to_nothing_is_still_owed(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    ph_pool_set_server_rate(w.pool, 0.1);
    add_many(&w, PH_PRIORITY_HIGH, 0, 20);
    add_many(&w, PH_PRIORITY_NORMAL, 0, 1);
    world_go_to(&w, 75000); /* eight have arrived, and the eighth turn behind the first is a lower
                               priority's */
    assert_int_equal(w.arrival_count, 8);
    add_many(&w, PH_PRIORITY_HIGH, 20, 1);
    world_finish(&w);
    assert_string_equal(w.arrivals[8].recipient, "n20@high.example");
    assert_string_equal(w.arrivals[9].recipient, "n0@normal.example");
    assert_string_equal(w.arrivals[10].recipient, "n8@high.example");
    assert_int_equal(world_end(&w).sent, 22);
}

/* Nor is it when the one whose turn it was is taken back. */
static void turn__of_one_that_is_taken_back_is_still_owed(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    ph_pool_set_server_rate(w.pool, 0.1);
    add_many(&w, PH_PRIORITY_HIGH, 0, 20);
    add_many(&w, PH_PRIORITY_NORMAL, 0, 2);
    world_go_to(&w, 75000);
    assert_int_equal(ph_pool_cancel(w.pool, w.letters[20]->message), PH_OK);
    world_finish(&w);
    assert_string_equal(w.arrivals[7].recipient, "n7@high.example");
    assert_string_equal(w.arrivals[8].recipient, "n1@normal.example");
    assert_int_equal(world_end(&w).cancelled, 1);
}

/* ---- Several servers ------------------------------------------------------------------------- */

static const char all[] = "all.example";

/* One message of the domain is under way, and the limit is one. */
static void begin_with_one_under_way(struct world *w, size_t sites)
{
    world_begin(w, sites);
    world_set_content_takes(w, 10);
    ph_pool_set_messages_per_domain(w->pool, 1);
    (void)world_send(w, &w->sites[0], 0, all);
    world_go_to(w, 1);
}

/* Adds one that stands aside behind those that were added before. */
static void add_behind(struct world *w, struct site *site, size_t number)
{
    (void)world_send(w, site, number, all);
    world_settle(w);
}

static void check_arrived(const struct world *w, size_t index, const char *recipient, uint64_t from,
                          uint64_t to)
{
    assert_true(index < w->arrival_count);
    assert_string_equal(w->arrivals[index].recipient, recipient);
    assert_in_range(w->arrivals[index].at_ms - w->begun_ms, from, to);
}

/* It was called, and only then was its server found to be down. */
static void message__whose_server_fails_lets_others_go(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_under_way(&w, 2);
    w.sites[1].is_down = true;
    add_behind(&w, &w.sites[1], 1);
    add_behind(&w, &w.sites[0], 2);
    add_behind(&w, &w.sites[0], 3);
    world_go_to(&w, 500);
    w.sites[1].is_down = false;
    world_finish(&w);
    check_arrived(&w, 1, "n2@all.example", 20, 30);
    check_arrived(&w, 2, "n3@all.example", 30, 40);
    check_arrived(&w, 3, "n1@all.example", 1000, 1300);
    assert_int_equal(world_end(&w).sent, 4);
}

/* Behind it stands one more to its server, and one to a server that is paused for longer, but not
 * for as long as the first one is down. */
static void message__whose_server_fails_lets_those_of_other_servers_go(void **state)
{
    (void)state;
    const ph_retry retry = {.attempts = 10, .first_delay_ms = 1000, .delay_max_ms = 60000};
    struct world w;
    begin_with_one_under_way(&w, 3);
    assert_int_equal(ph_pool_set_retry(w.pool, &retry), PH_OK);
    w.sites[0].content_takes = 4500;
    w.sites[1].is_down = true;
    w.sites[2].is_down = true;
    world_go_to(&w, 20);
    (void)world_send(&w, &w.sites[0], 1, all);
    add_behind(&w, &w.sites[1], 3);
    add_behind(&w, &w.sites[1], 4);
    add_behind(&w, &w.sites[2], 5);
    (void)world_send(&w, &w.sites[2], 2, "other.example");
    world_go_to(&w, 5000);
    w.sites[2].is_down = false;
    world_go_to(&w, 20000);
    w.sites[1].is_down = false;
    world_finish(&w);
    check_arrived(&w, 1, "n1@all.example", 4510, 4600);
    check_arrived(&w, 2, "n5@all.example", 5500, 9000);
    check_arrived(&w, 3, "n2@other.example", 5500, 9000);
    check_arrived(&w, 4, "n3@all.example", 20000, 100000);
    assert_int_equal(world_end(&w).sent, 6);
}

/* Its server's rate was used up before its turn came. */
static void message__whose_server_is_paused_lets_others_go(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_under_way(&w, 3);
    ph_pool_set_server_rate(w.pool, 1);
    add_behind(&w, &w.sites[1], 1);
    (void)world_send(&w, &w.sites[1], 2, "other.example");
    (void)world_send(&w, &w.sites[1], 3, "other.example");
    add_behind(&w, &w.sites[2], 4);
    world_go_to(&w, 9);
    assert_int_equal(world_statistics(&w).in_flight, 2);
    world_finish(&w);
    check_arrived(&w, 2, "n4@all.example", 20, 30);
    assert_int_equal(world_end(&w).sent, 5);
}

/* Two of two domains were called. The rate allowed one of them, which waits for a connection to be
 * probed, when it was used up: the other one learns later that it cannot go. */
static void message__that_was_not_paid_for_lets_others_go(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 4);
    ph_pool_set_messages_per_domain(w.pool, 1);
    world_set_content_takes(&w, 10);
    (void)world_send(&w, &w.sites[1], 0, "a.example"); /* two connections, which will idle */
    (void)world_send(&w, &w.sites[1], 1, "b.example");
    world_go_to(&w, 50);
    assert_int_equal(w.sites[1].dialed_count, 2);
    ph_pool_set_server_rate(w.pool, 0.1);
    w.sites[0].content_takes = w.sites[2].content_takes = 5000;
    (void)world_send(&w, &w.sites[0], 2, "x.example");
    (void)world_send(&w, &w.sites[2], 3, "y.example");
    world_go_to(&w, 1000);
    (void)world_send(&w, &w.sites[1], 4, "x.example");
    (void)world_send(&w, &w.sites[1], 5, "y.example");
    (void)world_send(&w, &w.sites[3], 6, "y.example");
    world_go_to(&w, 5200);
    check_arrived(&w, 4, "n4@x.example", 5050, 5100);
    check_arrived(&w, 5, "n6@y.example", 5050, 5100);
    assert_int_equal(w.sites[1].noop_count, 1);
    world_finish(&w);
    check_arrived(&w, 6, "n5@y.example", 10000, 16000);
    assert_int_equal(world_end(&w).sent, 7);
}

/* A server whose rate is used up all the time, by others, beside one that is always free. */
static void message__whose_server_is_always_paused_is_not_the_last(void **state)
{
    (void)state;
    struct world w;
    begin_with_one_under_way(&w, 2);
    w.sites[0].content_takes = 30;
    w.sites[1].content_takes = 0;
    ph_pool_set_server_rate(w.pool, 50);
    add_behind(&w, &w.sites[0], 1);
    for (size_t n = 0; n < 500; n++)
        (void)world_send(&w, &w.sites[1], n, "other.example");
    add_behind(&w, &w.sites[1], 2);
    for (size_t n = 3; n < 100; n++)
        (void)world_send(&w, &w.sites[0], n, all);
    world_finish(&w);
    size_t before = 0;
    for (size_t i = 0; strcmp(w.arrivals[i].recipient, "n2@all.example") != 0; i++)
        before += strstr(w.arrivals[i].recipient, all) != NULL;
    assert_in_range(before, 2, 12);
    assert_int_equal(world_end(&w).sent, 600);
}

/* It was begun on a connection that had been of use, and was ended with it; the one whose turn came
 * with that is under way. */
static const char *end_at_third(struct visit *visit, const char *line)
{
    const bool is_end = visit->number == 1 && visit->message_count == 2;
    return is_end && strncmp(line, "MAIL", 4) == 0 ? "421 4.3.2 enough\r\n" : NULL;
}

static void message__that_lost_its_connection_stands_aside_again(void **state)
{
    (void)state;
    static const char *const order[] = {"n0@all.example", "n1@all.example", "n2@all.example",
                                        "n4@all.example", "n3@all.example", "n5@all.example"};
    struct world w;
    begin_with_one_under_way(&w, 2);
    w.sites[0].reply = end_at_third;
    for (size_t n = 1; n < 6; n++) /* 2 and 4 go to the other server */
        add_behind(&w, &w.sites[n % 2 == 0], n);
    world_finish(&w);
    expect_order(&w, order, ROWS(order));
    for (size_t n = 0; n < 6; n++)
        assert_int_equal(w.letters[n]->attempts, 1);
    assert_int_equal(world_end(&w).sent, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(high__goes_before_what_stands_aside),
        cmocka_unit_test(lower_priorities__share_one_turn_of_eight),
        cmocka_unit_test(messages__that_are_called_keep_their_order),
        cmocka_unit_test(message__that_is_called_in_vain_is_called_first_again),
        cmocka_unit_test(turn__that_came_to_nothing_is_still_owed),
        cmocka_unit_test(turn__of_one_that_is_taken_back_is_still_owed),
        cmocka_unit_test(message__whose_server_fails_lets_others_go),
        cmocka_unit_test(message__whose_server_fails_lets_those_of_other_servers_go),
        cmocka_unit_test(message__whose_server_is_paused_lets_others_go),
        cmocka_unit_test(message__that_was_not_paid_for_lets_others_go),
        cmocka_unit_test(message__whose_server_is_always_paused_is_not_the_last),
        cmocka_unit_test(message__that_lost_its_connection_stands_aside_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
