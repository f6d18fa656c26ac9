/* SPDX-License-Identifier: MIT */
/* posthaste by ph_pool: one connection, which the pool keeps busy. */
#include "posthaste_job.h"

enum {
    slots = 64 /* messages that are added at once; each is sent again and again */
};

struct adding {
    const struct job *job;
    ph_server *server;
    long added;
    long done;
};

static void told(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct adding *adding = user_data;
    if (delivery->status != PH_OK)
        job_fail("message", delivery->error ? delivery->error->message : "was not sent");
    adding->done++;
    if (adding->added == adding->job->count)
        return;
    const ph_pool_options options = {.done = told, .user_data = adding};
    must(ph_pool_add(pool, adding->server, delivery->message, &options));
    adding->added++;
}

static void add(ph_pool *pool, struct adding *adding, ph_message *message)
{
    const ph_pool_options options = {.done = told, .user_data = adding};
    if (adding->added == adding->job->count)
        return;
    must(ph_pool_add(pool, adding->server, message, &options));
    adding->added++;
}

void posthaste_pool(const struct job *job)
{
    ph_pool *pool;
    struct meter meter;
    const struct job opening = {.count = 1};
    ph_message *messages[slots];
    struct adding adding = {.job = &opening, .server = posthaste_server(job)};
    must(ph_pool_new(NULL, &pool));
    ph_pool_set_connections_per_server(pool, 1);
    for (size_t i = 0; i < slots; i++)
        messages[i] = posthaste_message(job);
    add(pool, &adding, messages[0]); /* opens the connection, and is not measured */
    (void)ph_pool_run(pool, -1);
    adding.job = job;
    meter_begin(&meter);
    for (size_t i = 0; i < slots; i++)
        add(pool, &adding, messages[i]);
    (void)ph_pool_run(pool, -1);
    meter_end(&meter, adding.done);
    ph_pool_close(pool);
    (void)ph_pool_run(pool, -1);
    ph_pool_free(pool);
    for (size_t i = 0; i < slots; i++)
        ph_message_free(messages[i]);
    ph_server_free(adding.server);
}
