/* SPDX-License-Identifier: MIT */
/* The limit on messages to one recipient domain, as the servers see it. */
#include "unit/pool/world.h"

#include <stdio.h>
#include <string.h>

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
    world_set_content_takes(&w, 10);
    ph_pool_set_messages_per_domain(w.pool, 2);
    world_send_many(&w, 60, "narrow.example");
    world_send_many(&w, 60, "NARROW.example");
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
    world_send_many(&w, 40, "example.net");
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
    world_send_many(&w, 5, "example.net");
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
    world_set_content_takes(&w, 10);
    w.sites[1].is_down = true;
    assert_int_equal(ph_pool_set_retry(w.pool, &once), PH_OK);
    ph_pool_set_messages_per_domain(w.pool, 1);
    world_send_many(&w, 1, "example.net");
    world_go_to(&w, 1);
    world_send_many(&w, 3, "example.net");
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
    world_send_many(&w, 20, "example.net");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages__to_each_domain_are_bounded),
        cmocka_unit_test(domain__may_be_named),
        cmocka_unit_test(messages__of_a_domain_keep_their_order),
        cmocka_unit_test(domain__goes_on_when_the_next_is_taken_back),
        cmocka_unit_test(domain__goes_on_when_the_next_fails),
        cmocka_unit_test(domain__goes_on_when_memory_is_short),
        cmocka_unit_test(messages__to_a_domain_may_be_more_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
