/* SPDX-License-Identifier: MIT */
/*
 * A pool that sends to two servers, tries again, cancels, asks an idle connection and closes it,
 * with each allocation failing in turn, and with all from each on: of each message that was added
 * is told once, sent or for want of memory, and nothing is left behind.
 */
#include "unit/base/test.h"

#include <string.h>

#include "fault/pool_rig.h"

enum {
    rounds_max = 3000,
    messages = 8,
    cancelled = 2, /* this one */
    late = 6       /* from this one on they are added when the connections have idled */
};

static const char *const offers[rig_servers] = {
    "250-mx\r\n250 PIPELINING\r\n",
    "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n",
};

struct run {
    struct pool_rig rig;
    ph_message *messages[messages];
    int told[messages];
    bool was_added[messages];
    int refusals; /* so many are left */
    int probes;
    int farewells;
    int sent;
};

static const char *answer(struct small_server *server, const char *line)
{
    struct run *run = server->user_data;
    run->probes += strcmp(line, "NOOP") == 0;
    run->farewells += strcmp(line, "QUIT") == 0;
    if (strcmp(line, ".") == 0 && run->refusals > 0) {
        run->refusals--;
        return "451 4.3.0 later\r\n";
    }
    return NULL;
}

static void done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct run *run = user_data;
    (void)pool;
    for (size_t i = 0; i < messages; i++)
        run->told[i] += run->messages[i] == delivery->message;
    run->sent += delivery->status == PH_OK;
    CHECK((delivery->status == PH_OK) == (delivery->outcome == PH_OUTCOME_SENT), "outcome");
    if (delivery->status != PH_OK && delivery->status != PH_ERR_NO_MEMORY &&
        !(delivery->status == PH_ERR_CANCELLED && delivery->message == run->messages[cancelled]))
        fail_msg("allocation %d: %s", run->rig.memory.fail_at, ph_status_name(delivery->status));
}

static int make_message(struct run *run, ph_message **message)
{
    int status = ph_message_new(&run->rig.memory.allocator, message);
    if (status == PH_OK)
        status = ph_message_set_from(*message, "a@example.org");
    if (status == PH_OK)
        status = ph_message_add_recipient(*message, "b@example.org");
    if (status == PH_OK)
        status = ph_message_set_content(*message, "hello\n", 6);
    return status;
}

static void add(struct run *run, size_t from, size_t to)
{
    const ph_pool_options options = {.done = done, .user_data = run};
    for (size_t i = from; i < to; i++) {
        const int status = ph_pool_add(run->rig.pool, run->rig.servers[i % rig_servers].server,
                                       run->messages[i], &options);
        CHECK(status == PH_OK || status == PH_ERR_NO_MEMORY, "added");
        run->was_added[i] = status == PH_OK;
    }
}

static void check_ends(const struct run *run, bool has_ended)
{
    if (!has_ended)
        fail_msg("allocation %d: it goes on for ever", run->rig.memory.fail_at);
}

/* Messages, one of which is taken back; then idle connections, and messages for them. */
static void send_all(struct run *run)
{
    add(run, 0, late);
    (void)ph_pool_cancel(run->rig.pool, run->messages[cancelled]);
    check_ends(run, pool_rig_run(&run->rig));
    run->rig.now_ms += 5000; /* longer than a connection is trusted, and less than it may idle */
    add(run, late, messages);
    check_ends(run, pool_rig_run(&run->rig));
    check_ends(run, pool_rig_run_to_the_end(&run->rig));
}

static int begin(struct run *run)
{
    int status = pool_rig_begin(&run->rig, offers);
    for (size_t i = 0; i < messages && status == PH_OK; i++)
        status = make_message(run, &run->messages[i]);
    if (status == PH_OK)
        ph_pool_set_connections_per_server(run->rig.pool, 2);
    return status;
}

static void check_success(const struct run *run)
{
    assert_int_equal(run->sent, messages - 1); /* but for the cancelled one */
    assert_int_equal(run->refusals, 0);
    assert_true(run->probes >= 2);
    assert_true(run->farewells >= 2);
}

static void check_round(struct run *run)
{
    run->rig.answer = answer;
    run->rig.user_data = run;
    run->refusals = 2;
    const int status = begin(run);
    if (status == PH_OK)
        send_all(run);
    assert_true(status == PH_OK || (status == PH_ERR_NO_MEMORY && run->rig.memory.has_failed));
    pool_rig_end(&run->rig);
    for (size_t i = 0; i < messages; i++) {
        ph_message_free(run->messages[i]);
        if (run->told[i] != (run->was_added[i] ? 1 : 0))
            fail_msg("allocation %d: message %zu was told of %d times", run->rig.memory.fail_at, i,
                     run->told[i]);
    }
    if (!run->rig.memory.has_failed)
        check_success(run);
    if (run->rig.memory.live_blocks != 0)
        fail_msg("allocation %d: %zu blocks are left", run->rig.memory.fail_at,
                 run->rig.memory.live_blocks);
}

static void sweep(bool fails_from_there)
{
    bool has_failed = true;
    int round = 0;
    for (; has_failed && round < rounds_max; round++) {
        static struct run run; /* large */
        memset(&run, 0, sizeof run);
        test_allocator_init_failing(&run.rig.memory, round);
        run.rig.memory.fails_from_there = fails_from_there;
        check_round(&run);
        has_failed = run.rig.memory.has_failed;
    }
    assert_in_range(round, 10, rounds_max - 1);
}

static void pool__each_allocation_may_fail(void **state)
{
    (void)state;
    sweep(false);
}

static void pool__all_allocations_from_each_on_may_fail(void **state)
{
    (void)state;
    sweep(true);
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
        cmocka_unit_test(pool_new__each_allocation_may_fail),
        cmocka_unit_test(pool__each_allocation_may_fail),
        cmocka_unit_test(pool__all_allocations_from_each_on_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
