/* SPDX-License-Identifier: MIT */
/* The limit per recipient domain: messages beyond it stand aside, in their domain's queue. */
#include <string.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "connection/message.h"
#include "pool/pool_state.h"

enum {
    table_min = 16,
    name_size_min = 64,
    looked_at_max = 32, /* of a queue, for one that may go */
    passed_over_max = 8 /* how many may go before one whose server's rate is used up */
};

/* FNV-1a, of letters without their case. */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name != '\0'; name++) {
        const unsigned char byte = (unsigned char)*name;
        hash = (hash ^ (byte >= 'A' && byte <= 'Z' ? byte + 32u : byte)) * 16777619u;
    }
    return hash;
}

static struct ph__domain **place_of(const ph_pool *pool, const char *name)
{
    return &pool->domains[hash_of(name) & (pool->domains_size - 1)];
}

static void chain(ph_pool *pool, struct ph__domain *domain)
{
    struct ph__domain **place = place_of(pool, domain->name);
    domain->next = *place;
    *place = domain;
}

static int grow(ph_pool *pool)
{
    const size_t old_size = pool->domains_size;
    struct ph__domain **old = pool->domains;
    const size_t size = old_size == 0 ? table_min : 2 * old_size;
    struct ph__domain **table =
        ph__reallocate_array(pool->allocator, NULL, size, sizeof(struct ph__domain *));
    if (!table)
        return PH_ERR_NO_MEMORY;
    for (size_t i = 0; i < size; i++)
        table[i] = NULL;
    pool->domains = table;
    pool->domains_size = size;
    for (size_t i = 0; i < old_size; i++) {
        for (struct ph__domain *domain = old[i], *next; domain; domain = next) {
            next = domain->next;
            chain(pool, domain);
        }
    }
    ph__release(pool->allocator, old);
    return PH_OK;
}

/* Sets a name that fits, as most do, where the one before it was. */
static int set_name(const ph_pool *pool, struct ph__domain *domain, const char *name)
{
    const size_t size = strlen(name) + 1;
    if (size > domain->name_size) {
        const size_t room = size < name_size_min ? name_size_min : size;
        char *grown = ph__reallocate_array(pool->allocator, domain->name, room, 1);
        if (!grown)
            return PH_ERR_NO_MEMORY;
        domain->name = grown;
        domain->name_size = room;
    }
    memcpy(domain->name, name, size);
    return PH_OK;
}

static struct ph__domain *take_unused(ph_pool *pool)
{
    struct ph__domain *domain = pool->unused_domains;
    if (!domain)
        return ph__allocate(pool->allocator, sizeof *domain);
    pool->unused_domains = domain->next;
    return domain;
}

static void put_unused(ph_pool *pool, struct ph__domain *domain)
{
    domain->next = pool->unused_domains;
    pool->unused_domains = domain;
}

static struct ph__domain *make(ph_pool *pool, const char *name)
{
    if (pool->domain_count >= pool->domains_size && grow(pool) != PH_OK)
        return NULL;
    struct ph__domain *domain = take_unused(pool);
    if (!domain)
        return NULL;
    if (set_name(pool, domain, name) != PH_OK) {
        put_unused(pool, domain);
        return NULL;
    }
    for (size_t i = 0; i < ph__priorities; i++)
        ph__list_init(&domain->blocked[i]);
    domain->turns = 0;
    chain(pool, domain);
    pool->domain_count++;
    return domain;
}

static const char *first_domain(const ph_message *message)
{
    if (message->envelope.recipient_count == 0)
        return NULL;
    const char *mailbox = ph_address_mailbox(message->envelope.recipients[0]);
    const char *at = strrchr(mailbox, '@');
    return at ? at + 1 : NULL;
}

int ph__domain_take(struct ph__job *job, const char *name)
{
    ph_pool *pool = job->relay->pool;
    if (pool->messages_per_domain == 0)
        return PH_OK;
    name = name ? name : first_domain(job->message);
    if (!name)
        return PH_OK;
    struct ph__domain *domain = pool->domains_size > 0 ? *place_of(pool, name) : NULL;
    while (domain && !ph__ascii_equal(domain->name, name))
        domain = domain->next;
    job->domain = domain ? domain : make(pool, name);
    if (!job->domain)
        return PH_ERR_NO_MEMORY;
    job->domain->job_count++;
    return PH_OK;
}

static bool has_room(const struct ph__domain *domain, const ph_pool *pool)
{
    return pool->messages_per_domain == 0 || domain->in_flight < pool->messages_per_domain;
}

static struct ph__job *holder(struct ph__link *link)
{
    return PH__HOLDER(link, struct ph__job, link);
}

/* @return its server is paused, and others of its domain may go before it. There is no end to that
 * while its server cannot be had; but a server that is always busy as far as its rate goes would
 * have no more of the domain as long as others have some. */
static bool lets_others_go(const struct ph__job *job)
{
    const struct ph__relay *relay = job->relay;
    return ph__relay_must_wait(relay) &&
           (relay->opens_after_ms > relay->pool->now_ms || job->passed_over < passed_over_max);
}

/* @return the first of a queue that may go, to another server than @p except; NULL: none of those
 * that are looked at */
static struct ph__job *first_to_go(const struct ph__list *queue, const struct ph__relay *except)
{
    struct ph__link *link = queue->ends.next;
    for (size_t n = 0; n < looked_at_max && link != &queue->ends; n++, link = link->next) {
        struct ph__job *job = holder(link);
        if (job->relay != except && !lets_others_go(job))
            return job;
    }
    return NULL;
}

/* @return the one of a queue, to another server than @p except, whose server's pause ends first;
 * NULL: there is none */
static struct ph__job *soonest_to_go(const struct ph__list *queue, const struct ph__relay *except)
{
    struct ph__job *soonest = NULL;
    struct ph__link *link = queue->ends.next;
    for (size_t n = 0; n < looked_at_max && link != &queue->ends; n++, link = link->next) {
        struct ph__job *job = holder(link);
        if (job->relay != except &&
            (!soonest || job->relay->timer.at_ms < soonest->relay->timer.at_ms))
            soonest = job;
    }
    return soonest;
}

typedef struct ph__job *pick_fn(const struct ph__list *queue, const struct ph__relay *except);

/* @return the one whose turn it is among those that are picked, one a queue; NULL: none is */
static struct ph__job *pick_by_turn(const struct ph__domain *domain, pick_fn *pick,
                                    const struct ph__relay *except)
{
    struct ph__job *picked[ph__priorities];
    bool waits[ph__priorities];
    for (size_t rank = 0; rank < ph__priorities; rank++) {
        picked[rank] = pick(&domain->blocked[rank], except);
        waits[rank] = picked[rank] != NULL;
    }
    return picked[ph__rank_of_turn(waits, domain->turns)];
}

/* @return the one that stands aside and whose turn it is, among those that may go if there are any,
 * to another server than @p except; NULL: none stands aside */
static struct ph__job *next_blocked(const struct ph__domain *domain, const struct ph__relay *except)
{
    struct ph__job *next = pick_by_turn(domain, first_to_go, except);
    return next ? next : pick_by_turn(domain, soonest_to_go, except);
}

static void count_passing(struct ph__job *job)
{
    if (job->passed_over < passed_over_max)
        job->passed_over++;
}

static void call(struct ph__job *job)
{
    ph__list_remove(&job->link);
    for (size_t rank = 0; rank < ph__priorities; rank++) {
        struct ph__link *first = ph__list_first(&job->domain->blocked[rank]);
        if (first && lets_others_go(holder(first)))
            count_passing(holder(first));
    }
    job->domain->turns++;
    job->is_called = true;
    job->has_passed_on = false;
    ph__schedule_called(job);
}

/* The next one that stands aside has its turn, if the domain takes one more. */
static void call_next(struct ph__domain *domain, const ph_pool *pool)
{
    struct ph__job *next = has_room(domain, pool) ? next_blocked(domain, NULL) : NULL;
    if (next)
        call(next);
}

/* To be called is no more than to be let go: the first one there begins, and another stands aside
 * again. */
void ph__domain_pass_on(struct ph__job *job)
{
    const ph_pool *pool = job->relay->pool;
    struct ph__job *next = NULL;
    job->has_passed_on = true;
    if (has_room(job->domain, pool) && lets_others_go(job))
        next = next_blocked(job->domain, job->relay);
    if (!next)
        return;
    count_passing(job);
    call(next);
}

bool ph__domain_admits(struct ph__job *job)
{
    ph_pool *pool = job->relay->pool;
    if (!job->domain)
        return true;
    if (job->place == 0)
        job->place = ++pool->last_place;
    return has_room(job->domain, pool);
}

/* One that was called, or begun, and must stand aside again is among the first. */
void ph__domain_stand_aside(struct ph__job *job)
{
    struct ph__list *queue = &job->domain->blocked[job->rank];
    struct ph__link *before = queue->ends.previous;
    if (before != &queue->ends && holder(before)->place > job->place) {
        before = &queue->ends;
        while (holder(before->next)->place < job->place)
            before = before->next;
    }
    ph__list_insert_behind(before, &job->link);
    job->state = PH__JOB_BLOCKED;
    if (job->is_called) /* in vain: the turn is still owed */
        job->domain->turns--;
    job->is_called = false;
}

void ph__domain_begun(struct ph__job *job)
{
    job->is_called = false;
    job->passed_over = 0;
    if (job->domain)
        job->domain->in_flight++;
}

void ph__domain_ended(struct ph__job *job)
{
    if (!job->domain)
        return;
    job->domain->in_flight--;
    call_next(job->domain, job->relay->pool);
}

/* As many as may go now. */
static void call_all(struct ph__domain *domain, const ph_pool *pool)
{
    const size_t limit = pool->messages_per_domain;
    for (size_t n = domain->in_flight; limit == 0 || n < limit; n++) {
        struct ph__job *next = next_blocked(domain, NULL);
        if (!next)
            return;
        call(next);
    }
}

void ph__domains_go_on(ph_pool *pool)
{
    for (size_t i = 0; i < pool->domains_size; i++) {
        for (struct ph__domain *domain = pool->domains[i]; domain; domain = domain->next)
            call_all(domain, pool);
    }
}

static void forget(ph_pool *pool, struct ph__domain *domain)
{
    struct ph__domain **place = place_of(pool, domain->name);
    while (*place != domain)
        place = &(*place)->next;
    *place = domain->next;
    pool->domain_count--;
    put_unused(pool, domain);
}

void ph__domains_release(ph_pool *pool)
{
    struct ph__domain *domain;
    while ((domain = pool->unused_domains) != NULL) {
        pool->unused_domains = domain->next;
        ph__release(pool->allocator, domain->name);
        ph__release(pool->allocator, domain);
    }
    ph__release(pool->allocator, pool->domains);
}

void ph__domain_let_go(struct ph__job *job)
{
    struct ph__domain *domain = job->domain;
    ph_pool *pool = job->relay->pool;
    job->domain = NULL;
    if (!domain)
        return;
    if (job->is_called)
        domain->turns--;
    if (job->state == PH__JOB_WAITING) /* its turn, if it had one, is somebody else's */
        call_next(domain, pool);
    if (--domain->job_count == 0)
        forget(pool, domain);
}
