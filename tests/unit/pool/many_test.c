/* SPDX-License-Identifier: MIT */
/* Many messages to many servers, within every limit at once; and a pool for each of some threads.
 */
#include "unit/pool/world.h"

#include <pthread.h>

enum {
    sites = 1000,
    messages = 10000,
    connections = 60
};

static void messages__by_the_thousand_arrive_within_limits(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, sites);
    ph_pool_set_connections_max(w.pool, connections);
    ph_pool_set_connections_per_server(w.pool, 3);
    ph_pool_set_messages_per_connection(w.pool, 4);
    ph_pool_set_messages_max(w.pool, messages);
    for (size_t i = 0; i < sites; i++)
        w.sites[i].content_takes = i % 7;
    for (size_t n = 0; n < messages; n++)
        (void)world_send(&w, &w.sites[n % sites], n, "example.net");
    assert_int_equal(ph_pool_room(w.pool), 0);
    world_finish(&w);
    assert_int_equal(w.open_max, connections);
    for (size_t i = 0; i < sites; i++) {
        assert_in_range(w.sites[i].open_max, 1, 3);
        assert_in_range(w.sites[i].dialed_count, 3, 10);
    }
    for (size_t n = 0; n < messages; n++) {
        assert_int_equal(w.letters[n]->count, 1);
        assert_int_equal(w.letters[n]->attempts, 1);
    }
    ph_pool_close(w.pool);
    world_settle(&w);
    assert_int_equal(w.open_count, 0);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.sent, messages);
    assert_int_equal(all.retries, 0);
}

/* ---- Threads --------------------------------------------------------------------------------- */

/* A world of its own, with servers that are down, and such that end their sessions. */
static const char *end_after_two(struct visit *visit, const char *line)
{
    (void)line;
    return visit->message_count >= 2 && !visit->is_in_content ? "421 enough\r\n" : NULL;
}

static void *live(void *sent)
{
    struct world w;
    const ph_retry retry = {.attempts = 2, .first_delay_ms = 1000, .delay_max_ms = 1000};
    world_begin(&w, 10);
    if (ph_pool_set_retry(w.pool, &retry) != PH_OK)
        return NULL;
    w.sites[3].is_down = true;
    w.sites[4].reply = end_after_two;
    for (size_t n = 0; n < 500; n++)
        (void)world_send(&w, &w.sites[n % 10], n, "example.net");
    world_finish(&w);
    *(uint64_t *)sent = world_end(&w).sent;
    return NULL;
}

static void threads__have_a_pool_each(void **state)
{
    (void)state;
    enum {
        threads = 4
    };
    pthread_t ids[threads];
    uint64_t sent[threads] = {0};
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(pthread_create(&ids[i], NULL, live, &sent[i]), 0);
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    for (size_t i = 0; i < threads; i++)
        assert_int_equal(sent[i], 450);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages__by_the_thousand_arrive_within_limits),
        cmocka_unit_test(threads__have_a_pool_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
