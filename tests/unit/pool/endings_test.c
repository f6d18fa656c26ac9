/* SPDX-License-Identifier: MIT */
/* How a pool ends, and what its functions may do from within. */
#include "unit/pool/world.h"

#include <stdio.h>
#include <string.h>

static void check_told(const struct letter *letter, int status, ph_outcome outcome)
{
    assert_int_equal(letter->count, 1);
    assert_int_equal(letter->status, status);
    assert_int_equal(letter->outcome, outcome);
}

static const char *never_greet(struct visit *visit, const char *line)
{
    (void)visit;
    return strcmp(line, "CONNECT") == 0 ? "" : NULL;
}

static const char *never_go_ahead(struct visit *visit, const char *line)
{
    visit->is_silent |= strncmp(line, "MAIL", 4) == 0;
    return visit->is_silent ? "" : NULL;
}

/* ---- Close ----------------------------------------------------------------------------------- */

static void close__finishes_what_was_added(void **state)
{
    (void)state;
    struct world w;
    const ph_retry retry = {.attempts = 3, .first_delay_ms = 1000, .delay_max_ms = 60000};
    world_begin(&w, 3);
    assert_int_equal(ph_pool_set_retry(w.pool, &retry), PH_OK);
    w.sites[0].content_takes = 100;
    w.sites[1].reply = world_refuses_for_now;
    w.sites[2].is_down = true;
    for (size_t n = 0; n < 60; n++)
        (void)world_send(&w, &w.sites[n % 3], n, "example.net");
    world_go_to(&w, 50);
    ph_pool_close(w.pool);
    struct letter *late = world_letter(&w, "late@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, late->message, NULL), PH_ERR_STATE);
    world_finish(&w);
    world_settle(&w);
    assert_int_equal(w.open_count, 0);
    assert_int_equal(w.sites[0].quit_count, w.sites[0].dialed_count);
    assert_int_equal(w.sites[1].quit_count, w.sites[1].dialed_count);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.sent, 20);
    assert_int_equal(all.refused, 20);
    assert_int_equal(all.failed, 20);
    assert_int_equal(all.connections_open, 0);
}

/* Nothing is left for a connection that is on its way: it is not waited for as for others. */
static void close__does_not_wait_for_a_greeting(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].reply = never_greet;
    const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    world_settle(&w);
    assert_int_equal(ph_pool_cancel(w.pool, letter->message), PH_OK);
    ph_pool_close(w.pool);
    world_go_to(&w, 5000);
    assert_int_equal(world_statistics(&w).connections_open, 0);
    (void)world_end(&w);
}

/* ---- Abort ----------------------------------------------------------------------------------- */

enum {
    in_content, /* its end was sent */
    behind,     /* on the same connection */
    blocked,
    deferred,
    unanswered, /* its envelope was sent */
    opening,
    down,
    waiting,
    states
};

/* A message in each state. */
static void begin_every_state(struct world *w)
{
    static const size_t sites[] = {0, 0, 1, 1, 2, 3, 4, 4};
    world_begin(w, 5);
    ph_pool_set_connections_per_server(w->pool, 1);
    w->sites[0].content_takes = 10;
    w->sites[1].reply = world_refuses_for_now;
    w->sites[2].reply = never_go_ahead;
    w->sites[3].reply = never_greet;
    w->sites[4].is_down = true;
    ph_pool_set_messages_per_domain(w->pool, 1);
    for (size_t i = 0; i < states; i++) {
        char domain[32];
        (void)snprintf(domain, sizeof domain, "d%zu.example", i == blocked ? 0 : i);
        (void)world_send(w, &w->sites[sites[i]], i, domain);
    }
    world_go_to(w, 5);
    const ph_pool_statistics now = world_statistics(w);
    assert_int_equal(now.in_flight, 3);
    assert_int_equal(now.deferred, 1);
    assert_int_equal(now.waiting, 4);
}

static void check_every_state(const struct world *w)
{
    for (size_t i = 0; i < states; i++)
        check_told(w->letters[i], PH_ERR_CANCELLED,
                   i == in_content ? PH_OUTCOME_UNKNOWN : PH_OUTCOME_NOT_SENT);
    assert_int_equal(w->letters[deferred]->attempts, 1);
    assert_int_equal(w->letters[blocked]->attempts, 0);
    assert_int_equal(w->letters[opening]->attempts, 0);
}

static void abort__tells_of_messages_in_every_state(void **state)
{
    (void)state;
    struct world w;
    begin_every_state(&w);
    const size_t dialed = w.sites[1].dialed_count;
    ph_pool_abort(w.pool);
    check_every_state(&w);
    assert_int_equal(ph_pool_unfinished(w.pool), 0);
    assert_int_equal(w.sites[1].dialed_count, dialed);
    struct letter *late = world_letter(&w, "late@example.net");
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, late->message, NULL), PH_ERR_STATE);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.connections_open, 0);
    assert_int_equal(all.unknown, 1);
    assert_int_equal(all.cancelled, states - 1);
}

static void cancel_waiting__leaves_what_is_under_way(void **state)
{
    (void)state;
    struct world w;
    begin_every_state(&w);
    ph_pool_cancel_waiting(w.pool);
    for (size_t i = 0; i < states; i++)
        assert_int_equal(w.letters[i]->count,
                         i == in_content || i == behind || i == unanswered ? 0 : 1);
    world_go_to(&w, 100);
    check_told(w.letters[in_content], PH_OK, PH_OUTCOME_SENT);
    check_told(w.letters[behind], PH_OK, PH_OUTCOME_SENT);
    (void)world_end(&w);
}

static void abort_now(struct letter *letter)
{
    ph_pool_abort(letter->world->pool);
}

/* Called from within, it tells of what is on the same connection as soon as it can. */
static void abort__from_within_tells_of_everything(void **state)
{
    (void)state;
    struct world w;
    begin_every_state(&w);
    w.told = abort_now;
    assert_int_equal(ph_pool_cancel(w.pool, w.letters[waiting]->message), PH_OK);
    check_every_state(&w);
    (void)world_end(&w);

    begin_every_state(&w);
    w.told = abort_now;
    world_go_to(&w, 100); /* the first one arrives, and is told of by its connection */
    check_told(w.letters[in_content], PH_OK, PH_OUTCOME_SENT);
    check_told(w.letters[behind], PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT);
    for (size_t i = blocked; i < states; i++)
        check_told(w.letters[i], PH_ERR_CANCELLED, PH_OUTCOME_NOT_SENT);
    assert_int_equal(world_end(&w).connections_open, 0);
}

/* ---- From within ----------------------------------------------------------------------------- */

/* As the header says: messages that are not done are the caller's again. */
static void free_everything(struct letter *letter)
{
    struct world *w = letter->world;
    ph_pool_free(w->pool);
    w->pool = NULL;
    for (size_t i = 0; i < w->letter_count; i++) {
        ph_message_free(w->letters[i]->message);
        w->letters[i]->message = NULL;
    }
    for (size_t i = 0; i < w->site_count; i++) {
        ph_server_free(w->sites[i].server);
        w->sites[i].server = NULL;
    }
}

static void free__from_within_may_free_the_messages_too(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct world w;
        begin_every_state(&w);
        w.told = free_everything;
        if (way == 0)
            (void)ph_pool_cancel(w.pool, w.letters[waiting]->message);
        else if (way == 1)
            ph_pool_cancel_waiting(w.pool);
        else
            world_go_to(&w, 100);
        size_t told = 0;
        for (size_t i = 0; i < states; i++)
            told += (size_t)w.letters[i]->count;
        assert_int_equal(told, 1);
        (void)world_end(&w);
    }
}

static void drive(struct letter *letter)
{
    ph_pool *pool = letter->world->pool;
    ph_pool_process(pool, letter->world->now_ms);
    assert_int_equal(ph_pool_run(pool, -1), ph_pool_unfinished(pool) == 0);
}

/* Else what is done with a connection would be done while it is being done. */
static void process__from_within_does_nothing(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    w.told = drive;
    for (size_t n = 0; n < 40; n++)
        (void)world_send(&w, &w.sites[n % 2], n, "example.net");
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, 40);
}

static void cancel_next(struct letter *letter)
{
    const struct world *w = letter->world;
    for (size_t i = 0; i < w->letter_count; i++) {
        if (w->letters[i]->count == 0 && ph_pool_cancel(w->pool, w->letters[i]->message) == PH_OK)
            return;
    }
}

static void cancel__from_within_at_any_time(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 3);
    w.told = cancel_next;
    w.sites[1].content_takes = 5;
    w.sites[2].is_down = true;
    for (size_t n = 0; n < 60; n++)
        (void)world_send(&w, &w.sites[n % 3], n, "example.net");
    world_finish(&w);
    for (size_t n = 0; n < 60; n++)
        assert_int_equal(w.letters[n]->count, 1);
    (void)world_end(&w);
}

static void cancel_the_other_and_add_again(struct letter *letter)
{
    struct world *w = letter->world;
    if (letter != w->letters[0])
        return;
    (void)ph_pool_cancel(w->pool, w->letters[1]->message);
    if (letter->count < 5)
        world_add(letter, &w->sites[0], PH_PRIORITY_NORMAL);
}

/* Its server fails what waits for it now, and not what is added meanwhile. */
static void add__from_within_is_not_failed_along_with_the_others(void **state)
{
    (void)state;
    struct world w;
    const ph_retry once = {.attempts = 1, .first_delay_ms = 1000, .delay_max_ms = 1000};
    world_begin(&w, 1);
    w.sites[0].is_down = true;
    w.told = cancel_the_other_and_add_again;
    ph_pool_set_connections_per_server(w.pool, 1);
    assert_int_equal(ph_pool_set_retry(w.pool, &once), PH_OK);
    (void)world_send(&w, &w.sites[0], 0, "example.net");
    (void)world_send(&w, &w.sites[0], 1, "example.net");
    world_settle(&w);
    assert_int_equal(w.letters[0]->count, 1);
    assert_int_equal(w.letters[1]->count, 1);
    world_finish(&w);
    assert_int_equal(w.letters[0]->count, 5);
    assert_int_equal(w.sites[0].refused_count, 5);
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close__finishes_what_was_added),
        cmocka_unit_test(close__does_not_wait_for_a_greeting),
        cmocka_unit_test(abort__tells_of_messages_in_every_state),
        cmocka_unit_test(cancel_waiting__leaves_what_is_under_way),
        cmocka_unit_test(abort__from_within_tells_of_everything),
        cmocka_unit_test(free__from_within_may_free_the_messages_too),
        cmocka_unit_test(process__from_within_does_nothing),
        cmocka_unit_test(cancel__from_within_at_any_time),
        cmocka_unit_test(add__from_within_is_not_failed_along_with_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
