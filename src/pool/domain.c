/* SPDX-License-Identifier: MIT */
/* The limit per recipient domain: messages beyond it stand aside, in their domain's queue. */
#include <string.h>

#include "base/allocator.h"
#include "base/ascii.h"
#include "connection/message.h"
#include "pool/pool_state.h"

enum {
    table_min = 16
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
            struct ph__domain **place = place_of(pool, domain->name);
            next = domain->next_of_hash;
            domain->next_of_hash = *place;
            *place = domain;
        }
    }
    ph__release(pool->allocator, old);
    return PH_OK;
}

static struct ph__domain *make(ph_pool *pool, const char *name)
{
    if (pool->domain_count >= pool->domains_size && grow(pool) != PH_OK)
        return NULL;
    struct ph__domain *domain = ph__allocate(pool->allocator, sizeof *domain);
    if (!domain)
        return NULL;
    domain->name = ph__duplicate(pool->allocator, name);
    if (!domain->name) {
        ph__release(pool->allocator, domain);
        return NULL;
    }
    ph__list_init(&domain->blocked);
    struct ph__domain **place = place_of(pool, name);
    domain->next_of_hash = *place;
    *place = domain;
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
        domain = domain->next_of_hash;
    job->domain = domain ? domain : make(pool, name);
    if (!job->domain)
        return PH_ERR_NO_MEMORY;
    job->domain->job_count++;
    return PH_OK;
}

bool ph__domain_admits(struct ph__job *job)
{
    const ph_pool *pool = job->relay->pool;
    if (!job->domain || pool->messages_per_domain == 0 ||
        job->domain->in_flight < pool->messages_per_domain)
        return true;
    ph__list_append(&job->domain->blocked, &job->link);
    job->state = PH__JOB_BLOCKED;
    return false;
}

void ph__domain_begun(struct ph__job *job)
{
    if (job->domain)
        job->domain->in_flight++;
}

void ph__domain_ended(struct ph__job *job)
{
    if (!job->domain)
        return;
    job->domain->in_flight--;
    struct ph__link *first = ph__list_first(&job->domain->blocked);
    if (!first)
        return;
    struct ph__job *next = PH__HOLDER(first, struct ph__job, link);
    ph__list_remove(&next->link);
    ph__schedule_job(next, true);
}

void ph__domain_free(ph_pool *pool, struct ph__domain *domain)
{
    struct ph__domain **place = place_of(pool, domain->name);
    while (*place != domain)
        place = &(*place)->next_of_hash;
    *place = domain->next_of_hash;
    pool->domain_count--;
    ph__release(pool->allocator, domain->name);
    ph__release(pool->allocator, domain);
}

void ph__domain_let_go(struct ph__job *job)
{
    struct ph__domain *domain = job->domain;
    job->domain = NULL;
    if (domain && --domain->job_count == 0)
        ph__domain_free(job->relay->pool, domain);
}
