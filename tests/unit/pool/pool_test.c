/* SPDX-License-Identifier: MIT */
/* A whole pool, against servers that play a script to one client after another. */
#include "fault/client_test.h"

#include <stdlib.h>

/* What the program was told. */
struct told {
    int count;
    int status;
    ph_outcome outcome;
    uint32_t attempts;
    bool has_result;
    char says[400];
    int adds_again; /* so often, from within */
};

static void done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct told *told = user_data;
    told->count++;
    told->status = delivery->status;
    told->outcome = delivery->outcome;
    told->attempts = delivery->attempts;
    told->has_result = delivery->result != NULL;
    (void)snprintf(told->says, sizeof told->says, "%s",
                   delivery->error ? delivery->error->message : "");
    const ph_pool_options options = {.done = done, .user_data = told};
    if (told->adds_again-- > 0)
        assert_int_equal(ph_pool_add(pool, delivery->server, delivery->message, &options), PH_OK);
}

struct fixture {
    struct scripted_server *peer;
    ph_pool *pool;
    ph_server *server;
    ph_message *message;
    struct told told;
};

/* Plays the steps to so many clients; without steps nobody listens. */
static void begin(struct fixture *f, const struct step *steps, size_t clients)
{
    const struct server_settings settings = {.steps = steps, .clients = clients};
    *f = (struct fixture){.peer = steps ? scripted_server_start(&settings) : NULL};
    assert_int_equal(ph_pool_new(NULL, &f->pool), PH_OK);
    assert_int_equal(
        ph_server_new("127.0.0.1", steps ? scripted_server_port(f->peer) : 1, NULL, &f->server),
        PH_OK);
    const ph_retry retry = {.attempts = 3, .first_delay_ms = 5, .delay_max_ms = 20};
    assert_int_equal(ph_pool_set_retry(f->pool, &retry), PH_OK);
    assert_int_equal(ph_message_new(NULL, &f->message), PH_OK);
    assert_int_equal(ph_message_set_from(f->message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(f->message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content(f->message, "hello\n", 6), PH_OK);
}

static int add(struct fixture *f)
{
    const ph_pool_options options = {.done = done, .user_data = &f->told};
    return ph_pool_add(f->pool, f->server, f->message, &options);
}

static void run(struct fixture *f)
{
    assert_int_equal(add(f), PH_OK);
    assert_true(ph_pool_run(f->pool, 20000));
    ph_pool_close(f->pool);
    assert_true(ph_pool_run(f->pool, 20000));
}

/* @return the statistics, which must add up */
static ph_pool_statistics end(struct fixture *f)
{
    ph_pool_statistics all = {.added = 0};
    if (f->pool) {
        ph_pool_get_statistics(f->pool, &all, sizeof all);
        assert_int_equal(all.added, all.sent + all.refused + all.failed + all.unknown +
                                        all.cancelled + ph_pool_unfinished(f->pool));
        ph_pool_free(f->pool);
    }
    ph_message_free(f->message);
    ph_server_free(f->server);
    const char *problem = f->peer ? scripted_server_stop(f->peer) : NULL;
    if (problem)
        fail_msg("%s", problem);
    return all;
}

static const struct step takes_one[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"}, SAID_GOODBYE};

static void message__arrives_and_is_told(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, takes_one, 1);
    run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(f.told.outcome, PH_OUTCOME_SENT);
    assert_int_equal(f.told.attempts, 1);
    const ph_pool_statistics all = end(&f);
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
    struct fixture f;
    begin(&f, steps, 1);
    run(&f);
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(f.told.attempts, 2);
    assert_int_equal(end(&f).retries, 1);
}

static void message__refused_for_good_is_not_sent_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, {STEP_HEAR, "MAIL"}, {STEP_SAY, "550 5.7.1 never\r\n"}, SAID_GOODBYE};
    struct fixture f;
    begin(&f, steps, 1);
    run(&f);
    assert_int_equal(f.told.status, PH_ERR_FATAL);
    assert_int_equal(f.told.attempts, 1);
    assert_true(f.told.has_result);
    assert_int_equal(end(&f).refused, 1);
}

static void connection__refused_fails_its_messages_after_the_attempts(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL, 0);
    run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_IO);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_false(f.told.has_result);
    assert_non_null(strstr(f.told.says, "cannot connect"));
    const ph_pool_statistics all = end(&f);
    assert_int_equal(all.failed, 1);
    assert_int_equal(all.connections_failed, 3);
}

static void connection__lost_before_the_end_is_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, {STEP_HEAR, "MAIL"}, {STEP_END, NULL}};
    struct fixture f;
    begin(&f, steps, 3);
    run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CLOSED);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_int_equal(f.told.attempts, 3);
    assert_int_equal(end(&f).connections_opened, 3);
}

static void connection__lost_behind_the_end_is_unknown_and_not_tried_again(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_END, NULL}};
    struct fixture f;
    begin(&f, steps, 1);
    run(&f);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.outcome, PH_OUTCOME_UNKNOWN);
    assert_int_equal(f.told.attempts, 1);
    assert_int_equal(end(&f).unknown, 1);
}

static void greeting__refused_for_good_fails_at_once(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "554 go away\r\n"}, {STEP_END, NULL}};
    struct fixture f;
    begin(&f, steps, 1);
    run(&f);
    assert_int_equal(f.told.status, PH_ERR_FATAL);
    assert_non_null(strstr(f.told.says, "go away"));
    (void)end(&f);
}

/* The others began before it was known: they are counted, and none is begun in their place. */
static void greeting__refused_for_good_is_met_once_by_each_connection(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "554 go away\r\n"}, {STEP_END, NULL}};
    enum {
        connections = 4
    };
    struct fixture f;
    struct told told[connections] = {{.count = 0}};
    ph_message *messages[connections];
    begin(&f, steps, connections);
    ph_pool_set_connections_per_server(f.pool, connections);
    for (size_t i = 0; i < connections; i++) {
        const ph_pool_options options = {.done = done, .user_data = &told[i]};
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
    assert_int_equal(end(&f).connections_failed, connections);
}

/* ---- Content that is read again -------------------------------------------------------------- */

struct reading {
    size_t at;
    int rewinds;
};

static int read_hello(void *buffer, size_t size, size_t *length, void *user_data)
{
    static const char text[] = "hello\n";
    struct reading *reading = user_data;
    *length = sizeof text - 1 - reading->at;
    assert_true(*length <= size);
    memcpy(buffer, text + reading->at, *length);
    reading->at += *length;
    return 0;
}

static int rewind_hello(void *user_data)
{
    struct reading *reading = user_data;
    reading->at = 0;
    reading->rewinds++;
    return 0;
}

static const struct step refuses_once_behind_the_content[] = {GREETED,
                                                              TO_CONTENT,
                                                              {STEP_HEAR, "hello"},
                                                              {STEP_HEAR_TO_DOT, NULL},
                                                              {STEP_SAY, "451 4.3.0 later\r\n"},
                                                              TO_CONTENT,
                                                              {STEP_HEAR, "hello"},
                                                              {STEP_HEAR_TO_DOT, NULL},
                                                              {STEP_SAY, "250 queued\r\n"},
                                                              SAID_GOODBYE};

static const struct step refuses_behind_the_content[] = {
    GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "451 4.3.0 later\r\n"}, SAID_GOODBYE};

static void callback__that_rewinds_is_sent_again(void **state)
{
    (void)state;
    struct fixture f;
    struct reading reading = {.at = 0};
    begin(&f, refuses_once_behind_the_content, 1);
    assert_int_equal(ph_message_set_content_callback(f.message, read_hello, &reading), PH_OK);
    assert_int_equal(ph_message_set_rewind(f.message, rewind_hello), PH_OK);
    run(&f);
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(f.told.attempts, 2);
    assert_int_equal(reading.rewinds, 1);
    (void)end(&f);
}

static int refuse_to_rewind(void *user_data)
{
    struct reading *reading = user_data;
    reading->rewinds++;
    return -1;
}

static void callback__that_cannot_rewind_has_one_attempt(void **state)
{
    (void)state;
    struct fixture f;
    struct reading reading = {.at = 0};
    begin(&f, refuses_behind_the_content, 1);
    assert_int_equal(ph_message_set_content_callback(f.message, read_hello, &reading), PH_OK);
    assert_int_equal(ph_message_set_rewind(f.message, refuse_to_rewind), PH_OK);
    run(&f);
    assert_int_equal(f.told.status, PH_ERR_SERVER_BUSY);
    assert_int_equal(f.told.attempts, 1);
    assert_int_equal(reading.rewinds, 1);
    (void)end(&f);
}

static void callback__that_does_not_has_one_attempt(void **state)
{
    (void)state;
    struct fixture f;
    struct reading reading = {.at = 0};
    begin(&f, refuses_behind_the_content, 1);
    assert_int_equal(ph_message_set_content_callback(f.message, read_hello, &reading), PH_OK);
    run(&f);
    assert_int_equal(f.told.status, PH_ERR_SERVER_BUSY);
    assert_int_equal(f.told.attempts, 1);
    (void)end(&f);
}

static void add__is_bounded_and_refuses_what_is_there(void **state)
{
    (void)state;
    struct fixture f;
    ph_message *other;
    begin(&f, takes_one, 1);
    assert_int_equal(ph_message_new(NULL, &other), PH_OK);
    ph_pool_set_messages_max(f.pool, 1);
    assert_int_equal(add(&f), PH_OK);
    assert_int_equal(add(&f), PH_ERR_STATE); /* it is there already */
    assert_int_equal(ph_pool_add(f.pool, f.server, other, NULL), PH_ERR_FULL);
    assert_int_equal(ph_pool_room(f.pool), 0);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(ph_pool_room(f.pool), 1);
    ph_pool_close(f.pool);
    assert_int_equal(ph_pool_add(f.pool, f.server, other, NULL), PH_ERR_STATE);
    assert_true(ph_pool_run(f.pool, 20000));
    ph_message_free(other);
    (void)end(&f);
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
    struct fixture f;
    begin(&f, steps, 1);
    f.told.adds_again = 1;
    run(&f);
    assert_int_equal(f.told.count, 2);
    assert_int_equal(end(&f).connections_opened, 1); /* it was used again */
}

static void cancel__before_its_turn_tells_at_once(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f, NULL, 0);
    assert_int_equal(add(&f), PH_OK);
    assert_int_equal(ph_pool_cancel(f.pool, f.message), PH_OK);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.status, PH_ERR_CANCELLED);
    assert_int_equal(ph_pool_cancel(f.pool, f.message), PH_ERR_STATE);
    assert_int_equal(end(&f).cancelled, 1);
}

/* One of the two is added again meanwhile, and stays. */
static void cancel_waiting__takes_back_what_was_there(void **state)
{
    (void)state;
    struct fixture f;
    struct told other_told = {.count = 0};
    ph_message *other;
    begin(&f, NULL, 0);
    assert_int_equal(ph_message_new(NULL, &other), PH_OK);
    const ph_pool_options options = {.done = done, .user_data = &other_told};
    f.told.adds_again = 1;
    assert_int_equal(add(&f), PH_OK);
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
    assert_int_equal(end(&f).cancelled, 3);
}

static void cancel_waiting__takes_back_what_waits_for_its_next_attempt(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED, {STEP_HEAR, "MAIL"}, {STEP_SAY, "451 4.7.1 later\r\n"}, SAID_GOODBYE};
    const ph_retry late = {.attempts = 3, .first_delay_ms = 100000, .delay_max_ms = 100000};
    struct fixture f;
    ph_pool_statistics now = {.deferred = 0};
    begin(&f, steps, 1);
    assert_int_equal(ph_pool_set_retry(f.pool, &late), PH_OK);
    assert_int_equal(add(&f), PH_OK);
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
    assert_int_equal(end(&f).deferred, 0);
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
    struct fixture f;
    ph_pool_statistics now = {.in_flight = 0};
    begin(&f, steps, 1);
    assert_int_equal(add(&f), PH_OK);
    while (now.in_flight == 0) {
        (void)ph_pool_run(f.pool, 1);
        ph_pool_get_statistics(f.pool, &now, sizeof now);
    }
    ph_pool_cancel_waiting(f.pool);
    assert_int_equal(f.told.count, 0);
    ph_pool_close(f.pool);
    assert_true(ph_pool_run(f.pool, 20000));
    assert_int_equal(f.told.status, PH_OK);
    assert_int_equal(end(&f).sent, 1);
}

static void abort__tells_of_what_is_under_way(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_STALL, NULL}, {STEP_END, NULL}};
    struct fixture f;
    begin(&f, steps, 1);
    assert_int_equal(add(&f), PH_OK);
    assert_false(ph_pool_run(f.pool, 50));
    ph_pool_abort(f.pool);
    assert_int_equal(f.told.count, 1);
    assert_int_equal(f.told.outcome, PH_OUTCOME_NOT_SENT);
    assert_int_equal(ph_pool_unfinished(f.pool), 0);
    (void)end(&f);
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
    struct fixture f;
    int count = 0;
    ph_message *other;
    begin(&f, takes_one, 1);
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
        cmocka_unit_test(message__arrives_and_is_told),
        cmocka_unit_test(message__refused_for_now_is_sent_again),
        cmocka_unit_test(message__refused_for_good_is_not_sent_again),
        cmocka_unit_test(connection__refused_fails_its_messages_after_the_attempts),
        cmocka_unit_test(connection__lost_before_the_end_is_tried_again),
        cmocka_unit_test(connection__lost_behind_the_end_is_unknown_and_not_tried_again),
        cmocka_unit_test(greeting__refused_for_good_fails_at_once),
        cmocka_unit_test(greeting__refused_for_good_is_met_once_by_each_connection),
        cmocka_unit_test(callback__that_rewinds_is_sent_again),
        cmocka_unit_test(callback__that_cannot_rewind_has_one_attempt),
        cmocka_unit_test(callback__that_does_not_has_one_attempt),
        cmocka_unit_test(add__is_bounded_and_refuses_what_is_there),
        cmocka_unit_test(add__again_from_within),
        cmocka_unit_test(cancel__before_its_turn_tells_at_once),
        cmocka_unit_test(cancel_waiting__takes_back_what_was_there),
        cmocka_unit_test(cancel_waiting__takes_back_what_waits_for_its_next_attempt),
        cmocka_unit_test(cancel_waiting__lets_go_on_what_is_under_way),
        cmocka_unit_test(abort__tells_of_what_is_under_way),
        cmocka_unit_test(free__from_within_tells_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
