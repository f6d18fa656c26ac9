/* SPDX-License-Identifier: MIT */
/* What is sent again, when, and what is not. */
#include "unit/pool/world.h"

#include <string.h>

static void set_retry(const struct world *world, uint32_t attempts, uint32_t first_delay_ms,
                      uint32_t delay_max_ms)
{
    const ph_retry retry = {
        .attempts = attempts, .first_delay_ms = first_delay_ms, .delay_max_ms = delay_max_ms};
    assert_int_equal(ph_pool_set_retry(world->pool, &retry), PH_OK);
}

static bool is_mail(const char *line)
{
    return strncmp(line, "MAIL", 4) == 0;
}

/* ---- Delays ---------------------------------------------------------------------------------- */

static uint64_t mail_times[16];
static size_t mail_times_count;

static const char *refuse_and_note(struct visit *visit, const char *line)
{
    if (!is_mail(line))
        return NULL;
    assert_true(mail_times_count < ROWS(mail_times));
    mail_times[mail_times_count++] = visit->site->world->now_ms;
    return "451 4.7.1 later\r\n";
}

/* Each delay is lengthened by up to a quarter. */
static void check_delay(uint64_t delay, uint64_t expected)
{
    assert_in_range(delay, expected, expected + expected / 4);
}

static void delays__double_up_to_the_maximum(void **state)
{
    (void)state;
    static const uint64_t expected[] = {1000, 2000, 4000, 8000, 10000, 10000};
    struct world w;
    world_begin(&w, 1);
    mail_times_count = 0;
    w.sites[0].reply = refuse_and_note;
    set_retry(&w, 7, 1000, 10000);
    ph_pool_set_idle_timeout(w.pool,
                             3000); /* so that some attempts need a connection of their own */
    const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    world_finish(&w);
    assert_int_equal(mail_times_count, 7);
    for (size_t i = 0; i < ROWS(expected); i++)
        check_delay(mail_times[i + 1] - mail_times[i], expected[i]);
    assert_int_equal(letter->count, 1);
    assert_int_equal(letter->status, PH_ERR_SERVER_BUSY);
    assert_int_equal(letter->attempts, 7);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.refused, 1);
    assert_int_equal(all.retries, 6);
}

static void told_again(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    (void)pool;
    *(uint32_t *)user_data = delivery->attempts;
}

/* A program that sends to the rest of a message's recipients has them, and the delays, go on. */
static void attempts__from_before_count(void **state)
{
    (void)state;
    struct world w;
    uint32_t attempts = 0;
    world_begin(&w, 1);
    mail_times_count = 0;
    w.sites[0].reply = refuse_and_note;
    set_retry(&w, 4, 1000, 10000);
    const struct letter *letter = world_letter(&w, "b@example.net");
    const ph_pool_options options = {.done = told_again, .user_data = &attempts, .attempts = 2};
    assert_int_equal(ph_pool_add(w.pool, w.sites[0].server, letter->message, &options), PH_OK);
    world_finish(&w);
    assert_int_equal(mail_times_count, 2);
    check_delay(mail_times[1] - mail_times[0], 4000);
    assert_int_equal(attempts, 4);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.refused, 1);
    assert_int_equal(all.retries, 2);
}

static void delays__of_a_server_that_is_down_double(void **state)
{
    (void)state;
    static const uint64_t expected[] = {1000, 2000, 3000, 3000};
    struct world w;
    world_begin(&w, 1);
    w.sites[0].is_down = true;
    set_retry(&w, 5, 1000, 3000);
    const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
    world_settle(&w);
    for (size_t i = 0; i < ROWS(expected); i++) {
        assert_int_equal(w.sites[0].refused_count, i + 1);
        const uint64_t before = w.now_ms;
        w.now_ms = ph_pool_deadline(w.pool);
        world_settle(&w);
        check_delay(w.now_ms - before, expected[i]);
    }
    assert_int_equal(letter->count, 1);
    assert_int_equal(letter->status, PH_ERR_IO);
    assert_int_equal(letter->attempts, 0);
    assert_int_equal(world_end(&w).failed, 1);
}

/* Several openings fail together, and may be tried again at once. */
static void delays__of_nothing_come_to_an_end(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].is_down = true;
    set_retry(&w, 2, 0, 0);
    for (size_t n = 0; n < 8; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_finish(&w);
    assert_in_range(w.sites[0].refused_count, 2, 8);
    assert_int_equal(world_end(&w).failed, 8);
}

/* Its connections failed; what is added meanwhile waits until it may be asked again. */
static void server__that_comes_back_gets_its_messages(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].is_down = true;
    set_retry(&w, 5, 1000, 60000);
    for (size_t i = 0; i < 50; i++)
        (void)world_send(&w, &w.sites[0], i, "example.net");
    world_go_to(&w, 500);
    w.sites[0].is_down = false;
    assert_int_equal(w.arrival_count, 0);
    world_finish(&w);
    assert_int_equal(w.arrival_count, 50);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.sent, 50);
    assert_int_equal(all.retries, 0);
}

static const char *refuse_content(struct visit *visit, const char *line)
{
    (void)visit;
    return strcmp(line, ".") == 0 ? "451 4.3.0 later\r\n" : NULL;
}

/* As many timers as there are messages and connections together. */
static void messages__may_all_be_deferred_while_their_connections_idle(void **state)
{
    (void)state;
    enum {
        messages = 11
    };
    struct world w;
    world_begin(&w, 1);
    w.sites[0].is_plain = true;
    w.sites[0].reply = refuse_content;
    w.sites[0].content_takes = 1;
    ph_pool_set_connections_per_server(w.pool, messages);
    set_retry(&w, 2, 1000, 1000);
    for (size_t i = 0; i < messages; i++)
        (void)world_send(&w, &w.sites[0], i, "example.net");
    world_go_to(&w, 5);
    assert_int_equal(world_statistics(&w).deferred, messages);
    assert_true(world_statistics(&w).connections_idle > 5);
    world_finish(&w);
    assert_int_equal(world_end(&w).refused, messages);
}

/* ---- Connections that end -------------------------------------------------------------------- */

enum {
    session_max = 3
};

static const char *close_with_421(struct visit *visit, const char *line)
{
    return is_mail(line) && visit->message_count >= session_max ? "421 4.7.0 enough\r\n" : NULL;
}

static const char *hang_up_behind_the_last(struct visit *visit, const char *line)
{
    return is_mail(line) && visit->message_count >= session_max ? world_hangs_up : NULL;
}

/* It is no word on the message that was next: that had no attempt. */
static void server__that_ends_sessions_costs_no_attempt(void **state)
{
    (void)state;
    static world_reply_fn *const ways[] = {close_with_421, hang_up_behind_the_last};
    for (size_t i = 0; i < 2 * ROWS(ways); i++) {
        struct world w;
        world_begin(&w, 1);
        w.sites[0].reply = ways[i / 2];
        w.sites[0].is_plain = i % 2 == 1;
        set_retry(&w, 1, 1000, 1000);
        ph_pool_set_connections_per_server(w.pool, 2);
        for (size_t n = 0; n < 60; n++)
            (void)world_send(&w, &w.sites[0], n, "example.net");
        world_finish(&w);
        assert_int_equal(w.now_ms, w.begun_ms); /* nor did anything wait */
        for (size_t n = 0; n < 60; n++)
            assert_int_equal(w.letters[n]->attempts, 1);
        const ph_pool_statistics all = world_end(&w);
        assert_int_equal(all.sent, 60);
        assert_int_equal(all.retries, 0);
    }
}

static const char *always_421(struct visit *visit, const char *line)
{
    (void)visit;
    return is_mail(line) ? "421 4.7.0 not now\r\n" : NULL;
}

static void server__that_ends_every_session_uses_up_the_attempts(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].reply = always_421;
    set_retry(&w, 3, 1000, 1000);
    ph_pool_set_connections_per_server(w.pool, 1);
    for (size_t n = 0; n < 4; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_finish(&w);
    for (size_t n = 0; n < 4; n++) {
        assert_int_equal(w.letters[n]->status, PH_ERR_SERVER_BUSY);
        assert_int_equal(w.letters[n]->attempts, 3);
    }
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.refused, 4);
    assert_int_equal(all.retries, 8);
}

static const char *hang_up_in_content(struct visit *visit, const char *line)
{
    const bool is_poison = strncmp(visit->recipient, "n0@", 3) == 0;
    return is_poison && strncmp(line, "DATA", 4) == 0 ? world_hangs_up : NULL;
}

/* It takes its connection with it, but not those that wait behind it. */
static void message__that_kills_its_connection_harms_no_other(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].reply = hang_up_in_content;
    set_retry(&w, 2, 1000, 1000);
    ph_pool_set_connections_per_server(w.pool, 1);
    for (size_t n = 0; n < 10; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_finish(&w);
    assert_int_equal(w.letters[0]->status, PH_ERR_CLOSED);
    assert_int_equal(w.letters[0]->attempts, 2);
    for (size_t n = 1; n < 10; n++)
        assert_int_equal(w.letters[n]->status, PH_OK);
    (void)world_end(&w);
}

/* One more connection was refused while another sent; that one ends, and messages are left. */
static void server__that_took_no_more_is_asked_again(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 1);
    w.sites[0].content_takes = 10;
    set_retry(&w, 3, 1000, 1000);
    ph_pool_set_messages_per_connection(w.pool, 3);
    (void)world_send(&w, &w.sites[0], 0, "example.net");
    world_settle(&w);
    w.sites[0].is_down = true;
    for (size_t n = 1; n < 10; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_go_to(&w, 100);
    assert_int_equal(w.arrival_count, 3);
    w.sites[0].is_down = false;
    world_finish(&w);
    assert_int_equal(world_end(&w).sent, 10);
}

/* ---- What nobody knows ----------------------------------------------------------------------- */

static const char *hang_up_behind_the_end(struct visit *visit, const char *line)
{
    return strcmp(line, ".") == 0 && visit->number == 1 ? world_hangs_up : NULL;
}

static void unknown__is_sent_again_only_if_that_was_asked_for(void **state)
{
    (void)state;
    for (int asked = 0; asked <= 1; asked++) {
        struct world w;
        const ph_retry retry = {.attempts = 3, .first_delay_ms = 1000, .unknown_too = asked != 0};
        world_begin(&w, 1);
        w.sites[0].reply = hang_up_behind_the_end;
        assert_int_equal(ph_pool_set_retry(w.pool, &retry), PH_OK);
        const struct letter *letter = world_send(&w, &w.sites[0], 1, "example.net");
        world_finish(&w);
        assert_int_equal(letter->status, asked ? PH_OK : PH_ERR_CLOSED);
        assert_int_equal(letter->outcome, asked ? PH_OUTCOME_SENT : PH_OUTCOME_UNKNOWN);
        assert_int_equal(letter->attempts, asked ? 2 : 1);
        const ph_pool_statistics all = world_end(&w);
        assert_int_equal(all.unknown, asked ? 0 : 1);
        assert_int_equal(all.sent, asked ? 1 : 0);
    }
}

/* ---- Memory ---------------------------------------------------------------------------------- */

/* One allocation after another fails, wherever it is: it costs a delay at most. */
static void memory__that_is_short_once_loses_no_message(void **state)
{
    (void)state;
    bool has_failed = true;
    for (int n = 0; has_failed; n++) {
        struct world w;
        world_begin(&w, 2);
        ph_pool_set_messages_per_domain(w.pool, 3);
        ph_pool_set_connections_per_server(w.pool, 1);
        for (size_t i = 0; i < 6; i++)
            (void)world_letter(&w, "b@example.net");
        w.test.fail_at = w.test.n_allocations + n;
        size_t added = 0;
        for (size_t i = 0; i < 6; i++) {
            const int status =
                ph_pool_add(w.pool, w.sites[i % 2].server, w.letters[i]->message, NULL);
            assert_true(status == PH_OK || status == PH_ERR_NO_MEMORY);
            added += status == PH_OK;
        }
        world_finish(&w);
        assert_in_range(w.now_ms - w.begun_ms, 0, 1250);
        ph_pool_close(w.pool);
        world_settle(&w);
        has_failed = w.test.has_failed;
        w.test.fail_at = -1;
        const ph_pool_statistics all = world_end(&w);
        assert_int_equal(all.sent + all.unknown, added);
        assert_true(all.unknown <= 1 && added >= 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays__double_up_to_the_maximum),
        cmocka_unit_test(attempts__from_before_count),
        cmocka_unit_test(delays__of_a_server_that_is_down_double),
        cmocka_unit_test(delays__of_nothing_come_to_an_end),
        cmocka_unit_test(server__that_comes_back_gets_its_messages),
        cmocka_unit_test(messages__may_all_be_deferred_while_their_connections_idle),
        cmocka_unit_test(server__that_ends_sessions_costs_no_attempt),
        cmocka_unit_test(server__that_ends_every_session_uses_up_the_attempts),
        cmocka_unit_test(message__that_kills_its_connection_harms_no_other),
        cmocka_unit_test(server__that_took_no_more_is_asked_again),
        cmocka_unit_test(unknown__is_sent_again_only_if_that_was_asked_for),
        cmocka_unit_test(memory__that_is_short_once_loses_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
