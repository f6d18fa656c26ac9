/* SPDX-License-Identifier: MIT */
/* Limits as the servers see them, and what waits meanwhile. */
#include "unit/pool/world.h"

#include <stdio.h>
#include <string.h>

static void send_many(struct world *w, size_t count, const char *domain)
{
    for (size_t n = 0; n < count; n++)
        (void)world_send(w, &w->sites[n % w->site_count], n, domain);
}

static void take_ten_ms(const struct world *w)
{
    for (size_t i = 0; i < w->site_count; i++)
        w->sites[i].content_takes = 10;
}

/* ---- Connections ----------------------------------------------------------------------------- */

static void connections__in_all_are_bounded(void **state)
{
    (void)state;
    static const size_t limits[] = {1, 3, 7};
    for (size_t i = 0; i < ROWS(limits); i++) {
        struct world w;
        world_begin(&w, 10);
        take_ten_ms(&w);
        ph_pool_set_connections_max(w.pool, limits[i]);
        send_many(&w, 300, "example.net");
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
        take_ten_ms(&w);
        ph_pool_set_connections_per_server(w.pool, limits[i]);
        send_many(&w, 300, "example.net");
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
    send_many(&w, 10, "example.net");
    world_finish(&w);
    assert_int_equal(w.open_max, 1);
    assert_int_equal(world_end(&w).sent, 10);
}

static void connections__are_no_more_than_messages(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    take_ten_ms(&w);
    ph_pool_set_connections_per_server(w.pool, 50);
    send_many(&w, 3, "example.net");
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
    send_many(&w, 100, "example.net");
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
        take_ten_ms(&w);
        ph_pool_set_messages_per_connection(w.pool, limits[i]);
        ph_pool_set_connections_per_server(w.pool, 2);
        send_many(&w, 56, "example.net");
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

/* ---- Domains --------------------------------------------------------------------------------- */

static size_t under_way(const struct world *w, const char *domain)
{
    size_t n = 0;
    for (size_t i = 0; i < w->site_count; i++) {
        for (const struct visit *visit = w->sites[i].visits; visit; visit = visit->next)
            n += visit->answers_at > 0 && strstr(visit->recipient, domain) != NULL;
    }
    return n;
}

/* Several servers, so that only the pool can know. */
static void messages__to_each_domain_are_bounded(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 3);
    take_ten_ms(&w);
    ph_pool_set_messages_per_domain(w.pool, 2);
    send_many(&w, 60, "narrow.example");
    send_many(&w, 60, "NARROW.example");
    for (size_t n = 0; n < 20; n++) {
        char domain[32];
        (void)snprintf(domain, sizeof domain, "d%zu.example", n);
        (void)world_send(&w, &w.sites[0], n, domain);
    }
    size_t most = 0;
    while (ph_pool_unfinished(w.pool) > 0) {
        world_go_to(&w, w.now_ms - w.begun_ms + 1);
        const size_t now = under_way(&w, "narrow") + under_way(&w, "NARROW");
        assert_true(world_statistics(&w).in_flight <= 2 + 20);
        most = now > most ? now : most;
    }
    assert_int_equal(most, 2);
    assert_int_equal(world_end(&w).sent, 140);
}

/* A domain of the program's choice. */
static void domain__may_be_named(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].content_takes = 10;
    ph_pool_set_messages_per_domain(w.pool, 1);
    for (size_t n = 0; n < 10; n++) {
        char recipient[64];
        (void)snprintf(recipient, sizeof recipient, "a@d%zu.example", n);
        const ph_pool_options options = {.domain = "all.example"};
        assert_int_equal(
            ph_pool_add(w.pool, w.sites[0].server, world_letter(&w, recipient)->message, &options),
            PH_OK);
    }
    while (ph_pool_unfinished(w.pool) > 0) {
        world_go_to(&w, w.now_ms - w.begun_ms + 1);
        assert_in_range(world_statistics(&w).in_flight, 0, 1);
    }
    assert_in_range(w.now_ms - w.begun_ms, 100, 110);
    (void)world_end(&w);
}

static void messages__of_a_domain_keep_their_order(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].content_takes = 10;
    ph_pool_set_messages_per_domain(w.pool, 2);
    ph_pool_set_connections_per_server(w.pool, 1);
    send_many(&w, 40, "example.net");
    world_finish(&w);
    for (size_t n = 0; n < 40; n++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "n%zu@example.net", n);
        assert_string_equal(w.arrivals[n].recipient, expected);
    }
    (void)world_end(&w);
}

static void take_back_the_next(struct letter *letter)
{
    struct world *w = letter->world;
    if (letter == w->letters[0])
        assert_int_equal(ph_pool_cancel(w->pool, w->letters[1]->message), PH_OK);
}

/* The one whose turn in its domain has come is taken back: the turn is the next one's. */
static void domain__goes_on_when_the_next_is_taken_back(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].content_takes = 10;
    w.told = take_back_the_next;
    ph_pool_set_messages_per_domain(w.pool, 1);
    send_many(&w, 5, "example.net");
    world_finish(&w);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.cancelled, 1);
    assert_int_equal(all.sent, 4);
}

/* The same when its server cannot be had. */
static void domain__goes_on_when_the_next_fails(void **state)
{
    (void)state;
    struct world w;
    const ph_retry once = {.attempts = 1};
    world_begin(&w, 3);
    take_ten_ms(&w);
    w.sites[1].is_down = true;
    assert_int_equal(ph_pool_set_retry(w.pool, &once), PH_OK);
    ph_pool_set_messages_per_domain(w.pool, 1);
    send_many(&w, 1, "example.net");
    world_go_to(&w, 1);
    send_many(&w, 3, "example.net");
    world_finish(&w);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.failed, 1);
    assert_int_equal(all.sent, 3);
}

/* One allocation after another fails: whatever it was for, the next one has its turn when the one
 * before it, which may wait for another attempt, is taken back. */
static void domain__goes_on_when_memory_is_short(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct world w;
        world_begin(&w, 2);
        ph_pool_set_messages_per_domain(w.pool, 1);
        w.sites[0].content_takes = 10;
        for (size_t i = 0; i < 3; i++)
            (void)world_send(&w, &w.sites[i > 0], i, "example.net");
        world_go_to(&w, 9);
        w.test.fail_at = w.test.n_allocations + n;
        world_go_to(&w, 20);
        (void)ph_pool_cancel(w.pool, w.letters[1]->message);
        world_finish(&w);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(w.letters[i]->count, 1);
        has_failed = w.test.has_failed;
        (void)world_end(&w);
    }
}

static void messages__to_a_domain_may_be_more_at_once(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].content_takes = 1000;
    ph_pool_set_messages_per_domain(w.pool, 1);
    send_many(&w, 20, "example.net");
    world_go_to(&w, 10);
    assert_int_equal(world_statistics(&w).in_flight, 1);
    ph_pool_set_messages_per_domain(w.pool, 3);
    world_go_to(&w, 20);
    assert_int_equal(world_statistics(&w).in_flight, 3);
    world_go_to(&w, 1500);
    assert_int_equal(world_statistics(&w).in_flight, 3);
    ph_pool_set_messages_per_domain(w.pool, 0);
    world_go_to(&w, 1600);
    assert_int_equal(world_statistics(&w).in_flight, 8);
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, 20);
}

/* ---- What waits ------------------------------------------------------------------------------ */

struct rooms {
    int count;
    size_t unfinished;
};

static void note_room(ph_pool *pool, void *user_data)
{
    struct rooms *rooms = user_data;
    rooms->count++;
    rooms->unfinished = ph_pool_unfinished(pool);
}

static void room__is_told_once_half_is_gone(void **state)
{
    (void)state;
    struct world w;
    struct rooms rooms = {.count = 0};
    world_begin(&w, 1);
    w.sites[0].content_takes = 10;
    ph_pool_set_messages_max(w.pool, 10);
    ph_pool_set_room(w.pool, note_room, &rooms);
    send_many(&w, 9, "example.net");
    assert_int_equal(ph_pool_room(w.pool), 1);
    send_many(&w, 1, "example.net");
    assert_int_equal(ph_pool_room(w.pool), 0);
    struct letter *more = world_letter(&w, "more@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, more->message, NULL), PH_ERR_FULL);
    assert_int_equal(rooms.count, 0);
    world_finish(&w);
    assert_int_equal(rooms.count, 1);
    assert_int_equal(rooms.unfinished, 5);
    /* Nobody was turned away since: nothing is told. */
    send_many(&w, 10, "example.net");
    world_finish(&w);
    assert_int_equal(rooms.count, 1);
    (void)world_end(&w);
}

static void add_and_take_back(ph_pool *pool, void *user_data)
{
    struct world *w = user_data;
    struct letter *letter = world_letter(w, "more@example.net");
    world_add(letter, &w->sites[0], PH_PRIORITY_NORMAL);
    assert_int_equal(ph_pool_cancel(pool, letter->message), PH_OK);
}

/* The server is in use until everybody was told. */
static void room__may_add_and_cancel(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    ph_pool_set_messages_max(w.pool, 1);
    ph_pool_set_room(w.pool, add_and_take_back, &w);
    const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    struct letter *more = world_letter(&w, "more@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, more->message, NULL), PH_ERR_FULL);
    assert_int_equal(ph_pool_cancel(w.pool, letter->message), PH_OK);
    assert_int_equal(world_end(&w).cancelled, 2);
}

static void room__is_not_told_once_nothing_is_taken(void **state)
{
    (void)state;
    struct world w;
    struct rooms rooms = {.count = 0};
    world_begin(&w, 1);
    ph_pool_set_messages_max(w.pool, 2);
    ph_pool_set_room(w.pool, note_room, &rooms);
    send_many(&w, 2, "example.net");
    struct letter *more = world_letter(&w, "more@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, more->message, NULL), PH_ERR_FULL);
    ph_pool_close(w.pool);
    assert_int_equal(ph_pool_room(w.pool), 0);
    world_finish(&w);
    assert_int_equal(rooms.count, 0);
    (void)world_end(&w);
}

/* Refills the pool from within, as a program with a long list does. */
struct refill {
    struct world *w;
    size_t left;
    size_t live_max;
};

static void refill(struct letter *letter)
{
    struct refill *refill = letter->world->user_data;
    struct world *w = refill->w;
    if (w->test.live_blocks > refill->live_max)
        refill->live_max = w->test.live_blocks;
    if (refill->left == 0)
        return;
    refill->left--;
    world_add(letter, &w->sites[refill->left % w->site_count], PH_PRIORITY_NORMAL);
}

static size_t blocks_for(size_t messages)
{
    struct world w;
    struct refill own = {.w = &w};
    world_begin(&w, 20);
    ph_pool_set_messages_max(w.pool, 50);
    ph_pool_set_messages_per_domain(w.pool, 10);
    send_many(&w, 50, "example.net");
    own.left = messages - 50;
    w.user_data = &own;
    w.told = refill;
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, messages);
    return own.live_max;
}

static void memory__is_bounded_whatever_the_queue(void **state)
{
    (void)state;
    const size_t few = blocks_for(500);
    assert_true(blocks_for(5000) <= few + few / 20);
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
        cmocka_unit_test(messages__to_each_domain_are_bounded),
        cmocka_unit_test(domain__may_be_named),
        cmocka_unit_test(messages__of_a_domain_keep_their_order),
        cmocka_unit_test(domain__goes_on_when_the_next_is_taken_back),
        cmocka_unit_test(domain__goes_on_when_the_next_fails),
        cmocka_unit_test(domain__goes_on_when_memory_is_short),
        cmocka_unit_test(messages__to_a_domain_may_be_more_at_once),
        cmocka_unit_test(room__is_told_once_half_is_gone),
        cmocka_unit_test(room__may_add_and_cancel),
        cmocka_unit_test(room__is_not_told_once_nothing_is_taken),
        cmocka_unit_test(memory__is_bounded_whatever_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
