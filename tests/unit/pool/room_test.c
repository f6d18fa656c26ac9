/* SPDX-License-Identifier: MIT */
/* What waits: how much may, and what it costs. */
#include "unit/pool/world.h"

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
    world_send_many(&w, 9, "example.net");
    assert_int_equal(ph_pool_room(w.pool), 1);
    world_send_many(&w, 1, "example.net");
    assert_int_equal(ph_pool_room(w.pool), 0);
    struct letter *more = world_letter(&w, "more@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, more->message, NULL), PH_ERR_FULL);
    assert_int_equal(rooms.count, 0);
    world_finish(&w);
    assert_int_equal(rooms.count, 1);
    assert_int_equal(rooms.unfinished, 5);
    /* Nobody was turned away since: nothing is told. */
    world_send_many(&w, 10, "example.net");
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
    world_send_many(&w, 2, "example.net");
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
    world_send_many(&w, 50, "example.net");
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
        cmocka_unit_test(room__is_told_once_half_is_gone),
        cmocka_unit_test(room__may_add_and_cancel),
        cmocka_unit_test(room__is_not_told_once_nothing_is_taken),
        cmocka_unit_test(memory__is_bounded_whatever_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
