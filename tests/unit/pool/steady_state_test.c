/* SPDX-License-Identifier: MIT */
/*
 * What a pool has allocated for the first messages is enough for all that follow: behind them,
 * ph_pool_add, process and done call the allocator no more, however many messages there are, as
 * long as no more wait at once.
 */
#include "unit/pool/world.h"

#include <stdio.h>

enum {
    messages_all = 2000,
    messages_first = 200 /* that may allocate: more than wait at once, and all domains' */
};

struct flow {
    struct world world;
    size_t added;
    size_t done;
    size_t domain_count; /* that take turns; 0: the recipient's own */
    int allocations;     /* when the first messages were done */
};

static void add(struct flow *flow, struct letter *letter)
{
    char domain[32];
    if (flow->added == messages_all)
        return;
    ph_pool_options options = {.done = world_done, .user_data = letter};
    if (flow->domain_count > 0) {
        (void)snprintf(domain, sizeof domain, "d%zu.example", flow->added % flow->domain_count);
        options.domain = domain;
    }
    assert_int_equal(
        ph_pool_add(flow->world.pool, flow->world.sites[0].server, letter->message, &options),
        PH_OK);
    flow->added++;
}

static void told(struct letter *letter)
{
    struct flow *flow = letter->world->user_data;
    assert_int_equal(letter->status, PH_OK);
    if (++flow->done == messages_first)
        flow->allocations = flow->world.test.n_allocations;
    add(flow, letter);
}

/* Each letter is added again as soon as it is done. */
static void check_flow(size_t letter_count, size_t per_domain, size_t domain_count)
{
    static struct flow flow; /* large */
    flow = (struct flow){.domain_count = domain_count};
    world_begin(&flow.world, 1);
    flow.world.user_data = &flow;
    flow.world.told = told;
    ph_pool_set_messages_per_domain(flow.world.pool, per_domain);
    for (size_t i = 0; i < letter_count; i++)
        add(&flow, world_letter(&flow.world, "b@example.net"));
    world_finish(&flow.world);
    assert_int_equal(flow.done, messages_all);
    assert_int_equal(world_arrived(&flow.world, &flow.world.sites[0]), messages_all);
    assert_int_equal(flow.world.test.n_allocations, flow.allocations);
    (void)world_end(&flow.world);
}

static void stream__allocates_nothing(void **state)
{
    (void)state;
    check_flow(1, 0, 0);
    check_flow(64, 0, 0);
}

static void stream__of_one_domain_allocates_nothing(void **state)
{
    (void)state;
    check_flow(1, 2, 0); /* with each message the domain is forgotten, too */
    check_flow(64, 2, 0);
}

static void stream__of_many_domains_allocates_nothing(void **state)
{
    (void)state;
    check_flow(1, 2, 100);
    check_flow(64, 2, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream__allocates_nothing),
        cmocka_unit_test(stream__of_one_domain_allocates_nothing),
        cmocka_unit_test(stream__of_many_domains_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
