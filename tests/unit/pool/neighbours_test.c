/* SPDX-License-Identifier: MIT */
/* Messages that share a connection with one that brings it down: what befell that one is no attempt
 * of theirs, so they arrive although nothing is tried twice. */
#include "unit/pool/world.h"

#include <string.h>

/* Never ends: more than the sockets take at once. */
static int read_on(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)user_data;
    memset(buffer, 'x', size);
    *n = size;
    return 0;
}

static int fail_to_read(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)n;
    (void)user_data;
    return -1;
}

static int rewind_nothing(void *user_data)
{
    (void)user_data;
    return 0;
}

/* Two on one connection: the first with content of its own. */
static void begin_two(struct world *w, ph_read_fn read)
{
    world_begin(w, 1);
    assert_int_equal(ph_pool_set_retry(w->pool, &(ph_retry){.attempts = 1}), PH_OK);
    ph_pool_set_connections_per_server(w->pool, 1);
    struct letter *first = world_letter(w, "first@example.net");
    assert_int_equal(ph_message_set_content_callback(first->message, read, NULL), PH_OK);
    assert_int_equal(ph_message_set_rewind(first->message, rewind_nothing), PH_OK);
    world_add(first, &w->sites[0], PH_PRIORITY_NORMAL);
    (void)world_send(w, &w->sites[0], 2, "example.net");
}

static const char *fall_silent(struct visit *visit, const char *line)
{
    visit->is_silent = strncmp(line, "DATA", 4) == 0 && visit->number == 1;
    return NULL;
}

static void message__taken_back_in_its_content_takes_no_other_along(void **state)
{
    (void)state;
    struct world w;
    begin_two(&w, read_on);
    w.sites[0].reply = fall_silent;
    world_settle(&w);
    assert_int_equal(world_statistics(&w).in_flight, 2);
    assert_int_equal(ph_pool_cancel(w.pool, w.letters[0]->message), PH_OK);
    world_finish(&w);
    assert_int_equal(w.letters[0]->status, PH_ERR_CANCELLED);
    assert_int_equal(w.letters[1]->status, PH_OK);
    assert_int_equal(w.letters[1]->attempts, 1);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.cancelled, 1);
    assert_int_equal(all.sent, 1);
}

static void message__whose_content_fails_takes_no_other_along(void **state)
{
    (void)state;
    struct world w;
    begin_two(&w, fail_to_read);
    world_finish(&w);
    assert_int_equal(w.letters[0]->status, PH_ERR_SOURCE);
    assert_int_equal(w.letters[1]->status, PH_OK);
    assert_int_equal(w.letters[1]->attempts, 1);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.failed, 1);
    assert_int_equal(all.sent, 1);
}

/* In the middle of what never ends: the client can only hang up. */
static const char *refuse_content(struct visit *visit, const char *line)
{
    (void)visit;
    return strcmp(line, "CONTENT") == 0 ? "552 5.3.4 too big\r\n" : NULL;
}

static void message__whose_content_is_refused_takes_no_other_along(void **state)
{
    (void)state;
    enum {
        neighbours = 5
    };
    struct world w;
    begin_two(&w, read_on);
    w.sites[0].reply = refuse_content;
    for (size_t n = 3; n <= neighbours + 1; n++)
        (void)world_send(&w, &w.sites[0], n, "example.net");
    world_settle(&w);
    assert_int_equal(w.letters[0]->status, PH_ERR_FATAL);
    assert_int_equal(w.letters[0]->outcome, PH_OUTCOME_NOT_SENT);
    world_finish(&w);
    for (size_t n = 1; n <= neighbours; n++) {
        assert_int_equal(w.letters[n]->status, PH_OK);
        assert_int_equal(w.letters[n]->attempts, 1);
    }
    assert_int_equal(w.sites[0].dialed_count, 2);
    const ph_pool_statistics all = world_end(&w);
    assert_int_equal(all.refused, 1);
    assert_int_equal(all.sent, neighbours);
    assert_int_equal(all.retries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__taken_back_in_its_content_takes_no_other_along),
        cmocka_unit_test(message__whose_content_fails_takes_no_other_along),
        cmocka_unit_test(message__whose_content_is_refused_takes_no_other_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
