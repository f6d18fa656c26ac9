/* SPDX-License-Identifier: MIT */
/* What becomes of messages whose connection ends, or cannot be had, beside others. */
#include "unit/base/test.h"

#include <string.h>

#include "support/pool_rig.h"

enum {
    messages = 3
};

static const char *const offers[rig_servers] = {"250-mx\r\n250 PIPELINING\r\n",
                                                "250-mx\r\n250 PIPELINING\r\n"};

struct fixture {
    struct pool_rig rig;
    ph_message *messages[messages];
    struct told {
        int count;
        int status;
        uint32_t attempts;
    } told[messages];
};

static void done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct told *told = user_data;
    (void)pool;
    told->count++;
    told->status = delivery->status;
    told->attempts = delivery->attempts;
}

/* No message is tried twice. */
static void begin(struct fixture *f, size_t connections,
                  const char *(*answer)(struct small_server *, const char *))
{
    const ph_retry retry = {.attempts = 1, .first_delay_ms = 1000, .delay_max_ms = 1000};
    memset(f, 0, sizeof *f);
    test_allocator_init(&f->rig.memory);
    f->rig.answer = answer;
    f->rig.user_data = f;
    assert_int_equal(pool_rig_begin(&f->rig, offers), PH_OK);
    assert_int_equal(ph_pool_set_retry(f->rig.pool, &retry), PH_OK);
    ph_pool_set_connections_per_server(f->rig.pool, connections);
    for (size_t i = 0; i < messages; i++) {
        const ph_pool_options options = {.done = done, .user_data = &f->told[i]};
        assert_int_equal(ph_message_new(NULL, &f->messages[i]), PH_OK);
        assert_int_equal(ph_message_set_from(f->messages[i], "a@example.org"), PH_OK);
        assert_int_equal(ph_message_add_recipient(f->messages[i], "b@example.org"), PH_OK);
        assert_int_equal(ph_message_set_content(f->messages[i], "hello\n", 6), PH_OK);
        assert_int_equal(
            ph_pool_add(f->rig.pool, f->rig.servers[0].server, f->messages[i], &options), PH_OK);
    }
}

static void end(struct fixture *f)
{
    pool_rig_end(&f->rig);
    for (size_t i = 0; i < messages; i++)
        ph_message_free(f->messages[i]);
    assert_int_equal(f->rig.memory.live_blocks, 0);
}

static void check_told(const struct fixture *f, int status_of_first)
{
    for (size_t i = 0; i < messages; i++) {
        assert_int_equal(f->told[i].count, 1);
        assert_int_equal(f->told[i].status, i == 0 ? status_of_first : PH_OK);
        assert_int_equal(f->told[i].attempts, 1);
    }
}

/* The first connection says nothing behind EHLO. */
static const char *first_stays_silent(struct small_server *server, const char *line)
{
    const struct fixture *f = server->user_data;
    const bool is_first = server == &f->rig.peers[0].server;
    return is_first && strncmp(line, "EHLO", 4) != 0 ? "" : NULL;
}

static void openings__refused_beside_a_connection_are_made_again_when_that_is_lost(void **state)
{
    (void)state;
    static struct fixture f;
    begin(&f, 2, first_stays_silent);
    f.rig.refused_dials = 6; /* the second and the third */
    while (pool_rig_step(&f.rig))
        continue;
    assert_int_equal(f.rig.dials, 3);
    pool_rig_hang_up(&f.rig, 0);
    assert_true(pool_rig_run(&f.rig));
    check_told(&f, PH_ERR_CLOSED);
    end(&f);
}

static const char *first_is_dismissed(struct small_server *server, const char *line)
{
    const struct fixture *f = server->user_data;
    const bool is_first = server == &f->rig.peers[0].server;
    return is_first && strcmp(line, ".") == 0 ? "421 4.3.2 closing\r\n" : NULL;
}

static void reply_421__is_no_attempt_of_those_behind(void **state)
{
    (void)state;
    static struct fixture f;
    begin(&f, 1, first_is_dismissed);
    assert_true(pool_rig_run(&f.rig));
    check_told(&f, PH_ERR_SERVER_BUSY);
    assert_int_equal(f.rig.dials, 2);
    end(&f);
}

static void pool_new__each_allocation_may_fail(void **state)
{
    (void)state;
    int status = PH_ERR_NO_MEMORY;
    int round = 0;
    for (; status == PH_ERR_NO_MEMORY; round++) {
        struct test_allocator memory;
        ph_pool *pool;
        test_allocator_init_failing(&memory, round);
        status = ph_pool_new(&memory.allocator, &pool);
        ph_pool_free(pool);
        assert_int_equal(memory.live_blocks, 0);
    }
    assert_int_equal(status, PH_OK);
    assert_true(round > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openings__refused_beside_a_connection_are_made_again_when_that_is_lost),
        cmocka_unit_test(reply_421__is_no_attempt_of_those_behind),
        cmocka_unit_test(pool_new__each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("pool: lost connections", tests, NULL, NULL);
}
