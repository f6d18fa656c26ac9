/* SPDX-License-Identifier: MIT */
/* A pool in a program's own loop, as the header shows it: poll, until the deadline, and process. */
#include "fault/client_test.h"

static void count_sent(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    int *sent = user_data;
    (void)pool;
    *sent += delivery->status == PH_OK;
}

/* As long as the pool says, or until its descriptor is readable. */
static void wait_for(const ph_pool *pool)
{
    struct pollfd fd = {.fd = ph_pool_fd(pool), .events = POLLIN};
    const uint64_t deadline = ph_pool_deadline(pool);
    const uint64_t now = ph_now_ms();
    const uint64_t rest = deadline > now ? deadline - now : 0;
    assert_true(fd.fd >= 0);
    assert_int_not_equal(poll(&fd, 1, rest > 20000 ? 20000 : (int)rest), -1);
}

static void loop__of_the_programs_own_drives_a_pool(void **state)
{
    (void)state;
    static const struct step steps[] = {
        GREETED,     {STEP_HEAR, "MAIL"},      {STEP_SAY, "451 4.7.1 later\r\n"},
        TO_CONTENT,  {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"},
        SAID_GOODBYE};
    struct scripted_server *peer = play(steps);
    const ph_retry retry = {.attempts = 2, .first_delay_ms = 5, .delay_max_ms = 5};
    int sent = 0;
    ph_pool *pool;
    ph_server *server;
    ph_message *message;
    ph_pool_statistics now;
    assert_int_equal(ph_pool_new(NULL, &pool), PH_OK);
    assert_int_equal(ph_pool_set_retry(pool, &retry), PH_OK);
    assert_int_equal(ph_server_new("127.0.0.1", scripted_server_port(peer), NULL, &server), PH_OK);
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    const ph_pool_options options = {.done = count_sent, .user_data = &sent};
    assert_int_equal(ph_pool_deadline(pool), PH_NO_DEADLINE);
    assert_int_equal(ph_pool_add(pool, server, message, &options), PH_OK);
    assert_true(ph_pool_deadline(pool) <= ph_now_ms());
    while (ph_pool_unfinished(pool) > 0) {
        wait_for(pool);
        ph_pool_process(pool, ph_now_ms());
    }
    assert_int_equal(sent, 1);
    ph_pool_close(pool);
    do {
        wait_for(pool);
        ph_pool_process(pool, ph_now_ms());
        ph_pool_get_statistics(pool, &now, sizeof now);
    } while (now.connections_open > 0);
    assert_int_equal(now.retries, 1);
    assert_int_equal(ph_pool_deadline(pool), PH_NO_DEADLINE);
    ph_pool_free(pool);
    ph_message_free(message);
    ph_server_free(server);
    const char *problem = scripted_server_stop(peer);
    if (problem)
        fail_msg("%s", problem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop__of_the_programs_own_drives_a_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
