/* SPDX-License-Identifier: MIT */
/* Functions that dial, that give content and that begin it anew may end the pool, too, in the midst
 * of what it does with their connection or message. */
#include "unit/pool/world.h"

#include <string.h>

static struct world *the_world; /* of the functions that end it */

static void abort_pool(void)
{
    ph_pool_abort(the_world->pool);
}

static void free_pool(void)
{
    ph_pool_free(the_world->pool);
    the_world->pool = NULL;
}

static void cancel_messages(void)
{
    for (size_t i = 0; i < the_world->letter_count; i++)
        (void)ph_pool_cancel(the_world->pool, the_world->letters[i]->message);
    ph_pool_cancel_waiting(the_world->pool);
}

static void (*const endings[])(void) = {abort_pool, free_pool, cancel_messages};
static void (*end_pool)(void); /* one of them; NULL: it was called */

static void end_pool_once(void)
{
    void (*end)(void) = end_pool;
    end_pool = NULL;
    if (end)
        end();
}

static const char *end_at_connect(struct visit *visit, const char *line)
{
    (void)visit;
    if (strcmp(line, "CONNECT") == 0)
        end_pool_once();
    return NULL;
}

static const char *hang_up_at_data(struct visit *visit, const char *line)
{
    return strcmp(line, "DATA") == 0 && visit->number == 1 ? world_hangs_up : NULL;
}

static int end_and_read_on(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)user_data;
    memset(buffer, 'x', size);
    *n = size < 100 ? size : 100;
    end_pool_once();
    return 0;
}

static int read_nothing(void *buffer, size_t size, size_t *n, void *user_data)
{
    (void)buffer;
    (void)size;
    (void)user_data;
    *n = 0;
    return 0;
}

static int end_and_rewind(void *user_data)
{
    (void)user_data;
    end_pool_once();
    return 0;
}

/* Three messages to each of two servers, all with the same function for content. */
static void begin(struct world *w, void (*ending)(void), ph_read_fn read)
{
    world_begin(w, 2);
    the_world = w;
    end_pool = ending;
    ph_pool_set_connections_per_server(w->pool, 1);
    for (size_t n = 0; n < 6; n++) {
        struct letter *letter = world_letter(w, "b@example.net");
        assert_int_equal(ph_message_set_content_callback(letter->message, read, NULL), PH_OK);
        assert_int_equal(ph_message_set_rewind(letter->message, end_and_rewind), PH_OK);
        world_add(letter, &w->sites[n % 2], PH_PRIORITY_NORMAL);
    }
}

/* What was freed is told of no more, everything else once. */
static void check_end(struct world *w, void (*ending)(void))
{
    world_settle(w);
    if (w->pool && ending == abort_pool)
        assert_int_equal(ph_pool_unfinished(w->pool), 0);
    world_finish(w);
    assert_null(end_pool);
    for (size_t i = 0; i < w->letter_count; i++)
        assert_int_equal(w->letters[i]->count, ending == free_pool ? 0 : 1);
    (void)world_end(w);
}

static void pool__may_be_ended_by_a_function_that_dials(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(endings); i++) {
        struct world w;
        begin(&w, endings[i], read_nothing);
        w.sites[0].reply = end_at_connect;
        check_end(&w, endings[i]);
    }
}

static void pool__may_be_ended_by_a_function_that_gives_content(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) { /* taken back, content that never ends would be its end */
        struct world w;
        begin(&w, endings[i], end_and_read_on);
        check_end(&w, endings[i]);
    }
}

static void pool__may_be_ended_by_a_function_that_rewinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(endings); i++) {
        struct world w;
        begin(&w, endings[i], read_nothing);
        w.sites[0].reply = hang_up_at_data;
        check_end(&w, endings[i]);
    }
}

/* Memory that is short is an attempt too, behind which content begins anew. */
static void pool__may_be_ended_by_a_function_that_rewinds_without_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(endings); i++) {
        bool has_failed = true;
        for (int n = 0; has_failed; n++) {
            struct world w;
            begin(&w, endings[i], read_nothing);
            w.test.fail_at = w.test.n_allocations + n;
            world_finish(&w);
            has_failed = w.test.has_failed;
            for (size_t letter = 0; letter < w.letter_count; letter++)
                assert_in_range(w.letters[letter]->count, w.pool != NULL, 1);
            (void)world_end(&w);
        }
    }
}

static void ask_for_unknown(struct letter *letter)
{
    const ph_retry retry = {.attempts = 9, .unknown_too = true};
    assert_int_equal(ph_pool_set_retry(letter->world->pool, &retry), PH_OK);
}

/* What ends then ends for good, whatever the rules would have it. */
static void abort__tries_nothing_again_by_rules_set_meanwhile(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, 2);
    w.told = ask_for_unknown;
    for (size_t i = 0; i < 2; i++) {
        w.sites[i].content_takes = 1000;
        (void)world_send(&w, &w.sites[i], i, "example.net");
    }
    world_settle(&w);
    ph_pool_abort(w.pool);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(w.letters[i]->count, 1);
        assert_int_equal(w.letters[i]->outcome, PH_OUTCOME_UNKNOWN);
    }
    (void)world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool__may_be_ended_by_a_function_that_dials),
        cmocka_unit_test(pool__may_be_ended_by_a_function_that_gives_content),
        cmocka_unit_test(pool__may_be_ended_by_a_function_that_rewinds),
        cmocka_unit_test(pool__may_be_ended_by_a_function_that_rewinds_without_memory),
        cmocka_unit_test(abort__tries_nothing_again_by_rules_set_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
