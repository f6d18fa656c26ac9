/* SPDX-License-Identifier: MIT */
/* What becomes of messages whose connection ends, or cannot be had, beside others. */
#include "unit/pool/world.h"

#include <string.h>

enum {
    messages = 3
};

/* No message is tried twice. */
static void begin(struct world *w, size_t connections, world_reply_fn *reply)
{
    const ph_retry once = {.attempts = 1, .first_delay_ms = 1000, .delay_max_ms = 1000};
    world_begin(w, 1);
    w->sites[0].reply = reply;
    assert_int_equal(ph_pool_set_retry(w->pool, &once), PH_OK);
    ph_pool_set_connections_per_server(w->pool, connections);
    for (size_t n = 0; n < messages; n++)
        (void)world_send(w, &w->sites[0], n, "example.net");
}

static void check_told(const struct world *w, int status_of_first)
{
    for (size_t n = 0; n < messages; n++) {
        assert_int_equal(w->letters[n]->count, 1);
        assert_int_equal(w->letters[n]->status, n == 0 ? status_of_first : PH_OK);
        assert_int_equal(w->letters[n]->attempts, 1);
    }
}

/* The first connection says nothing behind EHLO, and there is no other. */
static const char *first_is_silent_and_alone(struct visit *visit, const char *line)
{
    visit->site->is_down |= strcmp(line, "CONNECT") == 0 && visit->number == 1;
    const bool is_before_messages = strcmp(line, "CONNECT") == 0 || strncmp(line, "EHLO", 4) == 0;
    return visit->number == 1 && !is_before_messages ? "" : NULL;
}

static void openings__refused_beside_a_connection_are_made_again_when_that_is_lost(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2, first_is_silent_and_alone);
    world_settle(&w);
    assert_int_equal(w.sites[0].dialed_count, 1);
    assert_int_equal(w.sites[0].refused_count, 2);
    w.sites[0].is_down = false;
    world_hang_up(&w.sites[0]);
    world_finish(&w);
    check_told(&w, PH_ERR_CLOSED);
    (void)world_end(&w);
}

static const char *first_is_dismissed(struct visit *visit, const char *line)
{
    return visit->number == 1 && strcmp(line, ".") == 0 ? "421 4.3.2 closing\r\n" : NULL;
}

static void reply_421__is_no_attempt_of_those_behind(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1, first_is_dismissed);
    world_finish(&w);
    check_told(&w, PH_ERR_SERVER_BUSY);
    assert_int_equal(w.sites[0].dialed_count, 2);
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openings__refused_beside_a_connection_are_made_again_when_that_is_lost),
        cmocka_unit_test(reply_421__is_no_attempt_of_those_behind),
    };
    return cmocka_run_group_tests_name("pool: lost connections", tests, NULL, NULL);
}
