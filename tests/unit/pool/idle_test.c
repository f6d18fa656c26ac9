/* SPDX-License-Identifier: MIT */
/* Connections that idle: how they end, and whether they are still trusted. */
#include "unit/pool/world.h"

#include <string.h>
#include <sys/socket.h>

/* So many connections have sent, and idle. There is no retry: whatever harms a message is told. */
static void begin_idle(struct world *w, size_t connections)
{
    const ph_retry once = {.attempts = 1};
    world_begin(w, 1);
    assert_int_equal(ph_pool_set_retry(w->pool, &once), PH_OK);
    w->sites[0].content_takes = 1;
    ph_pool_set_connections_per_server(w->pool, connections);
    for (size_t n = 0; n < 2 * connections; n++)
        (void)world_send(w, &w->sites[0], n, "example.net");
    world_finish(w);
    w->sites[0].content_takes = 0;
    ph_pool_set_connections_per_server(w->pool, connections + 1);
    assert_int_equal(world_statistics(w).connections_idle, connections);
    assert_int_equal(w->sites[0].dialed_count, connections);
}

/* Sends one more, after so long. @return its letter, which was sent by now */
static struct letter *send_after(struct world *w, uint64_t ms)
{
    world_go_to(w, w->now_ms - w->begun_ms + ms);
    struct letter *letter = world_send(w, &w->sites[0], 99, "example.net");
    world_finish(w);
    assert_int_equal(letter->count, 1);
    assert_int_equal(letter->status, PH_OK);
    assert_int_equal(letter->attempts, 1);
    return letter;
}

/* ---- Ends ------------------------------------------------------------------------------------ */

static void idling__ends_with_quit(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 3);
    ph_pool_set_idle_timeout(w.pool, 5000);
    const uint64_t since = w.now_ms - w.begun_ms;
    world_go_to(&w, since + 4990);
    assert_int_equal(w.open_count, 3);
    assert_int_equal(w.sites[0].quit_count, 0);
    world_go_to(&w, since + 5000);
    assert_int_equal(w.open_count, 0);
    assert_int_equal(w.sites[0].quit_count, 3);
    assert_int_equal(world_statistics(&w).connections_open, 0);
    (void)world_end(&w);
}

/* A connection that has sent in between begins anew. */
static void idling__counts_from_the_last_message(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 1);
    for (int i = 0; i < 5; i++)
        (void)send_after(&w, 9000);
    assert_int_equal(w.sites[0].dialed_count, 1);
    (void)send_after(&w, 10001);
    assert_int_equal(w.sites[0].dialed_count, 2);
    (void)world_end(&w);
}

static void quit__that_is_not_answered_ends_all_the_same(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 2);
    for (struct visit *visit = w.sites[0].visits; visit; visit = visit->next)
        visit->is_silent = true;
    ph_pool_close(w.pool);
    world_settle(&w);
    const uint64_t since = w.now_ms - w.begun_ms;
    assert_int_equal(world_statistics(&w).connections_open, 2);
    world_go_to(&w, since + 4999);
    assert_int_equal(world_statistics(&w).connections_open, 2);
    world_go_to(&w, since + 5000);
    assert_int_equal(world_statistics(&w).connections_open, 0);
    (void)world_end(&w);
}

/* ---- Probes ---------------------------------------------------------------------------------- */

static void probe__comes_first_after_a_while(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 1);
    (void)send_after(&w, 2000);
    assert_int_equal(w.sites[0].noop_count, 0);
    (void)send_after(&w, 2001);
    assert_int_equal(w.sites[0].noop_count, 1);
    ph_pool_set_probe_after(w.pool, 7000);
    (void)send_after(&w, 7000);
    assert_int_equal(w.sites[0].noop_count, 1);
    (void)send_after(&w, 7001);
    assert_int_equal(w.sites[0].noop_count, 2);
    assert_int_equal(w.sites[0].dialed_count, 1);
    (void)world_end(&w);
}

static void probe__goes_to_no_more_than_are_needed(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 3);
    (void)send_after(&w, 5000);
    assert_int_equal(w.sites[0].noop_count, 1);
    assert_int_equal(w.sites[0].dialed_count, 3); /* nor is one opened meanwhile */
    (void)world_end(&w);
}

static void probe__before_every_message_is_one_each(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 1);
    ph_pool_set_probe_after(w.pool, 0);
    for (size_t n = 1; n <= 5; n++) {
        (void)send_after(&w, 1);
        assert_int_equal(w.sites[0].noop_count, n);
    }
    assert_int_equal(w.sites[0].dialed_count, 1);
    (void)world_end(&w);
}

/* It was opened for a message that another connection took. */
static void probe__is_for_those_that_never_sent_too(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    ph_pool_process(w.pool, w.now_ms);
    assert_int_equal(ph_pool_cancel(w.pool, letter->message), PH_OK);
    world_go_to(&w, 3000);
    assert_int_equal(world_statistics(&w).connections_idle, 1);
    assert_int_equal(w.sites[0].mail_count, 0);
    (void)world_send(&w, &w.sites[0], 2, "example.net");
    world_finish(&w);
    assert_int_equal(w.sites[0].noop_count, 1);
    assert_int_equal(w.sites[0].dialed_count, 1);
    (void)world_end(&w);
}

static const char *refuse_noop(struct visit *visit, const char *line)
{
    return visit->number == 1 && strncmp(line, "NOOP", 4) == 0 ? "500 what?\r\n" : NULL;
}

static const char *end_at_noop(struct visit *visit, const char *line)
{
    return visit->number == 1 && strncmp(line, "NOOP", 4) == 0 ? "421 idle for too long\r\n" : NULL;
}

static const char *hang_up_at_noop(struct visit *visit, const char *line)
{
    return visit->number == 1 && strncmp(line, "NOOP", 4) == 0 ? world_hangs_up : NULL;
}

static void probe__that_fails_replaces_the_connection(void **state)
{
    (void)state;
    static world_reply_fn *const ways[] = {refuse_noop, end_at_noop, hang_up_at_noop};
    for (size_t i = 0; i < ROWS(ways); i++) {
        struct world w;
        begin_idle(&w, 1);
        w.sites[0].reply = ways[i];
        const uint64_t before = w.now_ms;
        (void)send_after(&w, 5000);
        assert_int_equal(w.now_ms - before, 5000);
        assert_int_equal(w.sites[0].dialed_count, 2);
        assert_int_equal(w.sites[0].mail_count, 3);
        (void)world_end(&w);
    }
}

/* A dead peer does not answer. The message waits for that not as long as for a reply. */
static void probe__that_is_not_answered_replaces_the_connection(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 1);
    ph_pool_set_connections_per_server(w.pool, 1);
    w.sites[0].visits->is_silent = true;
    const uint64_t before = w.now_ms;
    (void)send_after(&w, 3000);
    assert_int_equal(w.now_ms - before, 3000 + 5000);
    assert_int_equal(w.sites[0].dialed_count, 2);
    (void)world_end(&w);
}

/* ---- Dead ones ------------------------------------------------------------------------------- */

/* The end came before the message, and was not read yet when that was added. */
static void connection__that_has_ended_gets_no_message(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 2);
    world_hang_up(&w.sites[0]);
    (void)send_after(&w, 0);
    assert_int_equal(w.sites[0].dialed_count, 3);
    assert_int_equal(w.sites[0].mail_count, 5);
    (void)world_end(&w);
}

/* A reply that is there when its time limit has passed is a reply: the program came late. */
static void reply__that_is_there_is_read_before_the_clock(void **state)
{
    (void)state;
    struct world w;
    begin_idle(&w, 1);
    const struct letter *letter = world_send(&w, &w.sites[0], 9, "example.net");
    w.sites[0].content_takes = 1;
    world_settle(&w);
    struct visit *visit = w.sites[0].visits;
    assert_true(visit->answers_at > 0);
    assert_int_equal(send(visit->fd, "250 late\r\n", 10, MSG_NOSIGNAL), 10);
    w.now_ms += 3600000;
    ph_pool_process(w.pool, w.now_ms);
    assert_int_equal(letter->count, 1);
    assert_int_equal(letter->status, PH_OK);
    visit->is_silent = true;
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idling__ends_with_quit),
        cmocka_unit_test(idling__counts_from_the_last_message),
        cmocka_unit_test(quit__that_is_not_answered_ends_all_the_same),
        cmocka_unit_test(probe__comes_first_after_a_while),
        cmocka_unit_test(probe__goes_to_no_more_than_are_needed),
        cmocka_unit_test(probe__before_every_message_is_one_each),
        cmocka_unit_test(probe__is_for_those_that_never_sent_too),
        cmocka_unit_test(probe__that_fails_replaces_the_connection),
        cmocka_unit_test(probe__that_is_not_answered_replaces_the_connection),
        cmocka_unit_test(connection__that_has_ended_gets_no_message),
        cmocka_unit_test(reply__that_is_there_is_read_before_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
