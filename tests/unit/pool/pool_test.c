/* SPDX-License-Identifier: MIT */
/* A whole pool, against servers that play a script to one client after another. */
#include "unit/pool/scripted_pool.h"

static void message__arrives_and_is_told(void **state)
{
    (void)state;
    struct scripted_pool f;
    scripted_pool_begin(&f, scripted_takes_one, 1);
    scripted_pool_run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(f.told.outcome, PH_OUTCOME_SENT);
    assert_int_equal(f.told.attempts, 1);
    const ph_pool_statistics all = scripted_pool_end(&f);
    assert_int_equal(all.sent, 1);
    assert_int_equal(all.connections_opened, 1);
    assert_int_equal(all.connections_open, 0);
    assert_non_null(strstr(scripted_server_heard(), "hello"));
}

static void message__refused_for_now_is_sent_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED,     {STEP_HEAR, "MAIL"},      {STEP_SAY, "451 4.7.1 later\r\n"},
        TO_CONTENT,  {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"},
        SAID_GOODBYE};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    scripted_pool_run(&f);
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(f.told.attempts, 2);
    assert_int_equal(scripted_pool_end(&f).retries, 1);
}

static void message__refused_for_good_is_not_sent_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, {STEP_HEAR, "MAIL"}, {STEP_SAY, "550 5.7.1 never\r\n"}, SAID_GOODBYE};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    scripted_pool_run(&f);
    assert_int_equal(f.told.status, PH_ERR_FATAL);
    assert_int_equal(f.told.attempts, 1);
    assert_true(f.told.has_result);
    assert_int_equal(scripted_pool_end(&f).refused, 1);
}

static void connection__refused_fails_its_messages_after_the_attempts(void **state)
{
    (void)state;
    struct scripted_pool f;
    scripted_pool_begin(&f, NULL, 0);
    scripted_pool_run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_IO);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_false(f.told.has_result);
    assert_non_null(strstr(f.told.says, "cannot connect"));
    const ph_pool_statistics all = scripted_pool_end(&f);
    assert_int_equal(all.failed, 1);
    assert_int_equal(all.connections_failed, 3);
}

static void connection__lost_before_the_end_is_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, {STEP_HEAR, "MAIL"}, {STEP_END, NULL}};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 3);
    scripted_pool_run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CLOSED);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_int_equal(f.told.attempts, 3);
    assert_int_equal(scripted_pool_end(&f).connections_opened, 3);
}

static void connection__lost_behind_the_end_is_unknown_and_not_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_END, NULL}};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    scripted_pool_run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.outcome, PH_OUTCOME_UNKNOWN);
    assert_int_equal(f.told.attempts, 1);
    assert_int_equal(scripted_pool_end(&f).unknown, 1);
}

static void greeting__refused_for_good_fails_at_once(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "554 go away\r\n"}, {STEP_END, NULL}};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    scripted_pool_run(&f);
    assert_int_equal(f.told.status, PH_ERR_FATAL);
    assert_non_null(strstr(f.told.says, "go away"));
    (void)scripted_pool_end(&f);
}

/* The others began before it was known: they are counted, and none is begun in their place. */
static void greeting__refused_for_good_is_met_once_by_each_connection(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "554 go away\r\n"}, {STEP_END, NULL}};
    enum {
        connections = 4
    };
    struct scripted_pool f;
    struct told told[connections] = {{.count = 0}};
    ph_message *messages[connections];
    scripted_pool_begin(&f, steps, connections);
    ph_pool_set_connections_per_server(f.pool, connections);
    for (size_t i = 0; i < connections; i++) {
        const ph_pool_options options = {.done = told_done, .user_data = &told[i]};
        assert_int_equal(ph_message_new(NULL, &messages[i]), PH_OK);
        assert_int_equal(ph_message_add_recipient(messages[i], "b@example.org"), PH_OK);
        assert_int_equal(ph_pool_add(f.pool, f.server, messages[i], &options), PH_OK);
    }
    assert_true(ph_pool_run(f.pool, 20000));
    for (size_t i = 0; i < connections; i++) {
        assert_int_equal(told[i].count, 1);
        assert_int_equal(told[i].status, PH_ERR_FATAL);
        ph_message_free(messages[i]);
    }
    assert_int_equal(scripted_pool_end(&f).connections_failed, connections);
}

static void add__is_bounded_and_refuses_what_is_there(void **state)
{
    (void)state;
    struct scripted_pool f;
    ph_message *other;
    scripted_pool_begin(&f, scripted_takes_one, 1);
    assert_int_equal(ph_message_new(NULL, &other), PH_OK);
    ph_pool_set_messages_max(f.pool, 1);
    assert_int_equal(scripted_pool_add(&f), PH_OK);
    assert_int_equal(scripted_pool_add(&f), PH_ERR_STATE); /* it is there already */
    assert_int_equal(ph_pool_add(f.pool, f.server, other, NULL), PH_ERR_FULL);
    assert_int_equal(ph_pool_room(f.pool), 0);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(ph_pool_room(f.pool), 1);
    ph_pool_close(f.pool);
    assert_int_equal(ph_pool_add(f.pool, f.server, other, NULL), PH_ERR_STATE);
    assert_true(ph_pool_run(f.pool, 20000));
    ph_message_free(other);
    (void)scripted_pool_end(&f);
}

static void add__again_from_within(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED,
                                        TO_CONTENT,
                                        {STEP_HEAR_TO_DOT, NULL},
                                        {STEP_SAY, "250 queued\r\n"},
                                        TO_CONTENT,
                                        {STEP_HEAR_TO_DOT, NULL},
                                        {STEP_SAY, "250 queued\r\n"},
                                        SAID_GOODBYE};
    struct scripted_pool f;
    scripted_pool_begin(&f, steps, 1);
    f.told.adds_again = 1;
    scripted_pool_run(&f);
    assert_int_equal(f.told.count, 2);
    assert_int_equal(scripted_pool_end(&f).connections_opened, 1); /* it was used again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message__arrives_and_is_told),
        cmocka_unit_test(message__refused_for_now_is_sent_again),
        cmocka_unit_test(message__refused_for_good_is_not_sent_again),
        cmocka_unit_test(connection__refused_fails_its_messages_after_the_attempts),
        cmocka_unit_test(connection__lost_before_the_end_is_tried_again),
        cmocka_unit_test(connection__lost_behind_the_end_is_unknown_and_not_tried_again),
        cmocka_unit_test(greeting__refused_for_good_fails_at_once),
        cmocka_unit_test(greeting__refused_for_good_is_met_once_by_each_connection),
        cmocka_unit_test(add__is_bounded_and_refuses_what_is_there),
        cmocka_unit_test(add__again_from_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
