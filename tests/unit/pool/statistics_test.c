/* SPDX-License-Identifier: MIT */
/* What a pool counts, and how long its messages take. */
#include "unit/pool/world.h"

#include <stddef.h>
#include <string.h>

static const char *refuse_some(struct visit *visit, const char *line)
{
    if (strncmp(line, "RCPT TO:<n1@", 12) == 0)
        return "550 5.1.1 nobody\r\n";
    if (strcmp(line, ".") == 0 && strncmp(visit->recipient, "n2@", 3) == 0)
        return world_hangs_up;
    return NULL;
}

static void statistics__count_each_thing(void **state)
{
    (void)state;
    struct world w;
    const ph_retry retry = {.attempts = 2, .first_delay_ms = 1000, .delay_max_ms = 1000};
    world_begin(&w, 3);
    assert_int_equal(ph_pool_set_retry(w.pool, &retry), PH_OK);
    ph_pool_set_connections_per_server(w.pool, 1);
    w.sites[0].is_plain = true;
    w.sites[0].reply = refuse_some;
    w.sites[1].is_down = true;
    w.sites[2].reply = world_refuses_for_now;
    (void)world_send(&w, &w.sites[0], 0, "example.net"); /* sent */
    (void)world_send(&w, &w.sites[0], 1, "example.net"); /* refused */
    (void)world_send(&w, &w.sites[0], 2, "example.net"); /* unknown */
    (void)world_send(&w, &w.sites[1], 3, "example.net"); /* failed */
    (void)world_send(&w, &w.sites[2], 4, "example.net"); /* refused twice */
    struct letter *letter = world_send(&w, &w.sites[2], 5, "example.net");
    assert_int_equal(world_statistics(&w).waiting, 6);
    assert_int_equal(ph_pool_cancel(w.pool, letter->message), PH_OK);
    world_settle(&w);
    assert_int_equal(world_statistics(&w).deferred, 1);
    assert_int_equal(world_statistics(&w).waiting, 1);
    assert_int_equal(world_statistics(&w).connections_idle, 1);
    assert_int_equal(world_statistics(&w).connections_open, 1);
    world_finish(&w);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.added, 6);
    assert_int_equal(all.sent, 1);
    assert_int_equal(all.refused, 2);
    assert_int_equal(all.unknown, 1);
    assert_int_equal(all.failed, 1);
    assert_int_equal(all.cancelled, 1);
    assert_int_equal(all.retries, 1);
    assert_int_equal(all.waiting + all.deferred + all.in_flight, 0);
    assert_int_equal(all.bytes, 2 * strlen("Subject: hello\r\n\r\nhello\r\n.\r\n"));
    assert_int_equal(all.connections_opened, 2);
    assert_int_equal(all.connections_failed, 2);
    /* One command a trip: EHLO; MAIL, RCPT, DATA, content; MAIL, RCPT, RSET; MAIL, RCPT, DATA, and
     * an end that has no reply. Pipelined: EHLO; an envelope, refused, twice. */
    assert_int_equal(all.round_trips, (1 + 4 + 3 + 3) + (1 + 1 + 1));
    assert_int_equal(all.tls_handshakes, 0);
}

/* A program that was built with fewer fields gets those, and no byte more. */
static void statistics__fill_what_the_program_knows(void **state)
{
    (void)state;
    struct world w;
    ph_pool_statistics few;
    world_begin(&w, 1);
    (void)world_send(&w, &w.sites[0], 0, "example.net");
    memset(&few, 0x55, sizeof few);
    ph_pool_get_statistics(w.pool, &few, offsetof(ph_pool_statistics, deferred));
    assert_int_equal(few.added, 1);
    assert_int_equal(few.waiting, 1);
    assert_int_equal(few.deferred, UINT64_C(0x5555555555555555));
    (void)world_end(&w);
}

static void latency__is_from_add_to_done(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    ph_pool_set_connections_per_server(w.pool, 1);
    w.sites[0].content_takes = 100;
    assert_int_equal(ph_pool_latency_ms(w.pool, 0.5), 0);
    for (size_t n = 0; n < 100; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_finish(&w);
    for (size_t n = 0; n < 100; n++)
        assert_int_equal(w.letters[n]->elapsed_ms, (n + 1) * 100);
    assert_in_range(ph_pool_latency_ms(w.pool, 0.5), 5000, 5000 + 5000 / 8);
    assert_in_range(ph_pool_latency_ms(w.pool, 0.99), 9900, 9900 + 9900 / 8);
    assert_in_range(ph_pool_latency_ms(w.pool, 0), 100, 100 + 100 / 8);
    assert_in_range(ph_pool_latency_ms(w.pool, 1), 10000, 10000 + 10000 / 8);
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics__count_each_thing),
        cmocka_unit_test(statistics__fill_what_the_program_knows),
        cmocka_unit_test(latency__is_from_add_to_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
