/* SPDX-License-Identifier: MIT */
/* A pool, its servers and their clock, all in one thread. */
#include "unit/pool/world_site.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local const struct world *the_world;

/* In place of the library's: whoever asks what time it is asks the test. */
uint64_t ph_now_ms(void)
{
    return the_world->now_ms;
}

/* ---- Letters --------------------------------------------------------------------------------- */

struct letter *world_letter(struct world *world, const char *recipient)
{
    static const char text[] = "Subject: hello\r\n\r\nhello\r\n";
    if ((world->letter_count & (world->letter_count - 1)) == 0) {
        const size_t room = world->letter_count == 0 ? 1 : 2 * world->letter_count;
        world->letters = world_must(realloc(world->letters, room * sizeof(struct letter *)));
    }
    struct letter *letter = world_must(calloc(1, sizeof *letter));
    world->letters[world->letter_count++] = letter;
    letter->world = world;
    letter->number = world->letter_count - 1;
    assert_int_equal(ph_message_new(&world->test.allocator, &letter->message), PH_OK);
    assert_int_equal(ph_message_set_from(letter->message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(letter->message, recipient), PH_OK);
    assert_int_equal(ph_message_set_content(letter->message, text, sizeof text - 1), PH_OK);
    return letter;
}

void world_done(ph_pool *pool, const ph_delivery *delivery, void *user_data)
{
    struct letter *letter = user_data;
    assert_ptr_equal(pool, letter->world->pool);
    assert_ptr_equal(delivery->message, letter->message);
    letter->count++;
    letter->status = delivery->status;
    letter->outcome = delivery->outcome;
    letter->attempts = delivery->attempts;
    letter->elapsed_ms = delivery->elapsed_ms;
    letter->told_at = letter->world->now_ms;
    letter->has_result = delivery->result != NULL;
    (void)snprintf(letter->says, sizeof letter->says, "%s",
                   delivery->error ? delivery->error->message : "");
    if (letter->world->told)
        letter->world->told(letter);
}

void world_add(struct letter *letter, struct site *site, ph_priority priority)
{
    const ph_pool_options options = {.priority = priority, .done = world_done, .user_data = letter};
    assert_int_equal(ph_pool_add(letter->world->pool, site->server, letter->message, &options),
                     PH_OK);
}

struct letter *world_send(struct world *world, struct site *site, size_t number, const char *domain)
{
    char recipient[64];
    (void)snprintf(recipient, sizeof recipient, "n%zu@%s", number, domain);
    struct letter *letter = world_letter(world, recipient);
    world_add(letter, site, PH_PRIORITY_NORMAL);
    return letter;
}

void world_send_many(struct world *world, size_t count, const char *domain)
{
    for (size_t n = 0; n < count; n++)
        (void)world_send(world, &world->sites[n % world->site_count], n, domain);
}

size_t world_arrived(const struct world *world, const struct site *site)
{
    size_t n = 0;
    for (size_t i = 0; i < world->arrival_count; i++)
        n += world->arrivals[i].site == site;
    return n;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static bool serve_all(const struct world *world)
{
    bool happened = false;
    for (size_t i = 0; i < world->site_count; i++)
        happened |= world_site_serve(&world->sites[i]);
    return happened;
}

void world_settle(struct world *world)
{
    size_t quiet_turns = 0;
    /* A few times more when nothing happened: an end is read, then a site greets while it is
     * dialed, which is read next, before anything is said to a site. */
    for (size_t turns = 0; world->pool && quiet_turns < 4; turns++) {
        assert_true(turns < 100000); /* else the pool is busy with nothing */
        ph_pool_process(world->pool, world->now_ms);
        const bool has_served = serve_all(world);
        const bool has_work = world->pool && ph_pool_deadline(world->pool) <= world->now_ms;
        quiet_turns = has_served || has_work ? 0 : quiet_turns + 1;
    }
}

/* @return when somebody does something next */
static uint64_t next_time(const struct world *world)
{
    uint64_t next = world->pool ? ph_pool_deadline(world->pool) : PH_NO_DEADLINE;
    for (size_t i = 0; i < world->site_count; i++) {
        for (const struct visit *visit = world->sites[i].visits; visit; visit = visit->next) {
            if (visit->answers_at > 0 && visit->answers_at < next)
                next = visit->answers_at;
        }
    }
    return next;
}

void world_go_to(struct world *world, uint64_t ms)
{
    const uint64_t end = world->begun_ms + ms;
    world_settle(world);
    while (world->pool && world->now_ms < end) {
        const uint64_t next = next_time(world);
        world->now_ms = next < end ? next : end;
        world_settle(world);
    }
}

void world_finish(struct world *world)
{
    world_settle(world);
    while (world->pool && ph_pool_unfinished(world->pool) > 0) {
        const uint64_t next = next_time(world);
        if (next == PH_NO_DEADLINE)
            fail_msg("%zu messages are left, and nothing would ever happen",
                     ph_pool_unfinished(world->pool));
        world->now_ms = next;
        world_settle(world);
    }
}

/* ---- The whole ------------------------------------------------------------------------------- */

void world_begin(struct world *world, size_t site_count)
{
    *world = (struct world){.now_ms = 1000000, .begun_ms = 1000000, .site_count = site_count};
    the_world = world;
    test_allocator_init(&world->test);
    world->sites = world_must(calloc(site_count, sizeof *world->sites));
    for (size_t i = 0; i < site_count; i++)
        world_site_begin(world, i);
    assert_int_equal(ph_pool_new(&world->test.allocator, &world->pool), PH_OK);
}

void world_set_content_takes(const struct world *world, uint64_t content_takes)
{
    for (size_t i = 0; i < world->site_count; i++)
        world->sites[i].content_takes = content_takes;
}

ph_pool_statistics world_statistics(const struct world *world)
{
    ph_pool_statistics now;
    ph_pool_get_statistics(world->pool, &now, sizeof now);
    assert_int_equal(now.added, now.sent + now.refused + now.failed + now.unknown + now.cancelled +
                                    ph_pool_unfinished(world->pool));
    assert_int_equal(ph_pool_unfinished(world->pool), now.waiting + now.deferred + now.in_flight);
    return now;
}

ph_pool_statistics world_end(struct world *world)
{
    ph_pool_statistics all = {.added = 0};
    if (world->pool) {
        all = world_statistics(world);
        ph_pool_free(world->pool);
    }
    for (size_t i = 0; i < world->letter_count; i++) {
        ph_message_free(world->letters[i]->message);
        free(world->letters[i]);
    }
    for (size_t i = 0; i < world->site_count; i++) {
        world_hang_up(&world->sites[i]);
        ph_server_free(world->sites[i].server);
    }
    free(world->letters);
    free(world->sites);
    free(world->arrivals);
    assert_int_equal(world->test.live_blocks, 0);
    return all;
}
