/* SPDX-License-Identifier: MIT */
/* Messages taken back, and a pool that ends before its messages do. */
#include "unit/pool/scripted_pool.h"

static void cancel__before_its_turn_tells_at_once(void **state)
{
    (void)state;
    struct scripted_pool f;
    scripted_pool_begin(&f, NULL, 0);
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    assert_int_equal(ph_pool_cancel(f.pool, f.message), PH_OK);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CANCELLED);
    assert_int_equal(ph_pool_cancel(f.pool, f.message), PH_ERR_STATE);
    assert_int_equal(scripted_pool_end(&f).cancelled, 1);
}

/* One of the two is added again meanwhile, and stays. */
static void cancel_waiting__takes_back_what_was_there(void **state)
{
    (void)state;
    struct scripted_pool f;
    struct told other_told = {.count = 0};
    ph_message *other;
    scripted_pool_begin(&f, NULL, 0);
    assert_int_equal(ph_message_new(NULL, &other), PH_OK);
    const ph_pool_options options = {.done = told_done, .user_data = &other_told};
    f.told.adds_again = 1;
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    assert_int_equal(ph_pool_add(f.pool, f.server, other, &options), PH_OK);
    ph_pool_cancel_waiting(f.pool);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CANCELLED);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_int_equal(other_told.count, 1);
    assert_int_equal(ph_pool_unfinished(f.pool), 1);
    ph_pool_cancel_waiting(f.pool);
    assert_int_equal(f.told.count, 2);
    ph_message_free(other);
    assert_int_equal(scripted_pool_end(&f).cancelled, 3);
}

static void cancel_waiting__takes_back_what_waits_for_its_next_attempt(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, {STEP_HEAR, "MAIL"}, {STEP_SAY, "451 4.7.1 later\r\n"}, SAID_GOODBYE};
    const ph_retry late = {.attempts = 3, .first_delay_ms = 100000, .delay_max_ms = 100000};
    struct scripted_pool f;
    ph_pool_statistics now = {.deferred = 0};
    scripted_pool_begin(&f, steps, 1);
    assert_int_equal(ph_pool_set_retry(f.pool, &late), PH_OK);
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    while (now.deferred == 0) {
        (void)ph_pool_run(f.pool, 5);
        ph_pool_get_statistics(f.pool, &now, sizeof now);
    }
    ph_pool_cancel_waiting(f.pool);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CANCELLED);
    assert_int_equal(f.told.attempts, 1);
    ph_pool_close(f.pool);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(scripted_pool_end(&f).deferred, 0);
}

static void cancel_waiting__lets_go_on_what_is_under_way(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED,
                                        TO_CONTENT,
                                        {STEP_HEAR_TO_DOT, NULL},
                                        {STEP_SLEEP, "50"},
                                        {STEP_SAY, "250 queued\r\n"},
                                        SAID_GOODBYE};
    struct scripted_pool f;
    ph_pool_statistics now = {.in_flight = 0};
    scripted_pool_begin(&f, steps, 1);
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    while (now.in_flight == 0) {
        (void)ph_pool_run(f.pool, 1);
        ph_pool_get_statistics(f.pool, &now, sizeof now);
    }
    ph_pool_cancel_waiting(f.pool);
    assert_int_equal(f.told.count, 0);
    ph_pool_close(f.pool);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(scripted_pool_end(&f).sent, 1);
}

static void abort__tells_of_what_is_under_way(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_STALL, NULL}, {STEP_END, NULL}};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    assert_false(ph_pool_run(f.pool, 50));
    ph_pool_abort(f.pool);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_pool_unfinished(f.pool), 0);
    (void)scripted_pool_end(&f);
}

static void free_pool(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    int *count = user_data;
    (void)delivery;
    ++*count;
    ph_pool_free(pool);
}

static void free__from_within_tells_nobody_else(void **state)
{
    (void)state;
    struct scripted_pool f;
    int count = 0;
    ph_message *other;
    scripted_pool_begin(&f, scripted_takes_one, 1);
    const ph_pool_options options = {.done = free_pool, .user_data = &count};
    assert_int_equal(ph_message_new(NULL, &other), PH_OK);
    assert_int_equal(ph_message_add_recipient(other, "c@example.org"), PH_OK);
    ph_pool_set_connections_per_server(f.pool, 1);
    assert_int_equal(ph_pool_add(f.pool, f.server, f.message, &options), PH_OK);
    assert_int_equal(ph_pool_add(f.pool, f.server, other, &options), PH_OK);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(count, 1);
    f.pool = NULL;
    ph_message_free(other);
    ph_message_free(f.message);
    ph_server_free(f.server);
    (void)scripted_server_stop(f.peer); /* the client went without QUIT */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancel__before_its_turn_tells_at_once),
        cmocka_unit_test(cancel_waiting__takes_back_what_was_there),
        cmocka_unit_test(cancel_waiting__takes_back_what_waits_for_its_next_attempt),
        cmocka_unit_test(cancel_waiting__lets_go_on_what_is_under_way),
        cmocka_unit_test(abort__tells_of_what_is_under_way),
        cmocka_unit_test(free__from_within_tells_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
