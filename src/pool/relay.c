/* SPDX-License-Identifier: MIT */
/* What a pool knows of a server, found by the ph_server itself. */
#include "base/allocator.h"
#include "connection/server.h"
#include "pool/pool_state.h"

enum {
    table_min = 16
};

/* Servers lie far apart in memory: the low bits of their addresses say nothing. */
static size_t place_of(const ph_pool *pool, const ph_server *server)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)server * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 32) & (pool->relays_size - 1);
}

static void chain(ph_pool *pool, struct ph__relay *relay)
{
    struct ph__relay **place = &pool->relay_table[place_of(pool, relay->server)];
    relay->next_of_hash = *place;
    *place = relay;
}

static int grow(ph_pool *pool)
{
    const size_t old_size = pool->relays_size;
    struct ph__relay **old = pool->relay_table;
    const size_t size = old_size == 0 ? table_min : 2 * old_size;
    struct ph__relay **table =
        ph__reallocate_array(pool->allocator, NULL, size, sizeof(struct ph__relay *));
    if (!table)
        return PH_ERR_NO_MEMORY;
    for (size_t i = 0; i < size; i++)
        table[i] = NULL;
    pool->relay_table = table;
    pool->relays_size = size;
    for (size_t i = 0; i < old_size; i++) {
        for (struct ph__relay *relay = old[i], *next; relay; relay = next) {
            next = relay->next_of_hash;
            chain(pool, relay);
        }
    }
    ph__release(pool->allocator, old);
    return PH_OK;
}

static void relay_due(struct ph__timer *timer)
{
    struct ph__relay *relay = PH__HOLDER(timer, struct ph__relay, timer);
    relay->is_paused = false;
    ph__schedule_relay(relay);
    ph__relay_let_go(relay);
}

static struct ph__relay *make(ph_pool *pool, ph_server *server)
{
    if (pool->relay_count >= pool->relays_size && grow(pool) != PH_OK)
        return NULL;
    struct ph__relay *relay = ph__allocate(pool->allocator, sizeof *relay);
    if (!relay)
        return NULL;
    relay->pool = pool;
    relay->server = server;
    relay->timer.due = relay_due;
    for (size_t i = 0; i < ph__priorities; i++) {
        ph__list_init(&relay->called[i]);
        ph__list_init(&relay->waiting[i]);
    }
    ph__list_init(&relay->idle);
    ph__list_init(&relay->roomy);
    ph__server_retain(server);
    ph__server_freeze(server);
    chain(pool, relay);
    ph__list_append(&pool->relays, &relay->of_pool);
    pool->relay_count++;
    return relay;
}

struct ph__relay *ph__relay_of(ph_pool *pool, ph_server *server)
{
    struct ph__relay *relay =
        pool->relays_size > 0 ? pool->relay_table[place_of(pool, server)] : NULL;
    while (relay && relay->server != server)
        relay = relay->next_of_hash;
    return relay ? relay : make(pool, server);
}

void ph__relay_free(struct ph__relay *relay)
{
    ph_pool *pool = relay->pool;
    struct ph__relay **place = &pool->relay_table[place_of(pool, relay->server)];
    while (*place != relay)
        place = &(*place)->next_of_hash;
    *place = relay->next_of_hash;
    pool->relay_count--;
    ph__timers_unset(&pool->timers, &relay->timer);
    ph__list_remove(&relay->of_pool);
    ph__list_remove(&relay->ready);
    ph__stop_waiting_for_place(relay);
    ph_server_free(relay->server);
    ph__release(pool->allocator, relay);
}

/* A relay that is paused remembers why: it is kept until it may go on. */
void ph__relay_let_go(struct ph__relay *relay)
{
    if (relay->job_count == 0 && relay->member_count == 0 && !relay->is_paused)
        ph__relay_free(relay);
}

void ph__relays_go_on(ph_pool *pool)
{
    const struct ph__link *end = &pool->relays.ends;
    for (struct ph__link *link = end->next; link != end; link = link->next) {
        struct ph__relay *relay = PH__HOLDER(link, struct ph__relay, of_pool);
        if (relay->is_paused && relay->job_count > 0 && relay->opens_after_ms <= pool->now_ms) {
            relay->is_paused = false;
            ph__timers_unset(&pool->timers, &relay->timer);
        }
        ph__schedule_relay(relay);
    }
}
