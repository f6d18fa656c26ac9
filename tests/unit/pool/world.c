/* SPDX-License-Identifier: MIT */
/* A pool, its servers and their clock, all in one thread. */
#include "unit/pool/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char world_hangs_up[] = "(hangs up)";
const char world_takes_and_hangs_up[] = "(takes it, and hangs up)";

static _Thread_local const struct world *the_world;

/* In place of the library's: whoever asks what time it is asks the test. */
uint64_t ph_now_ms(void)
{
    return the_world->now_ms;
}

static void *must(void *block)
{
    assert_non_null(block);
    return block;
}

/* ---- A visit --------------------------------------------------------------------------------- */

static void close_visit(struct visit *visit)
{
    struct site *site = visit->site;
    struct visit **place = &site->visits;
    while (*place != visit)
        place = &(*place)->next;
    *place = visit->next;
    site->open_count--;
    site->world->open_count--;
    (void)close(visit->fd);
    free(visit);
}

static void accept_message(struct visit *visit)
{
    struct world *world = visit->site->world;
    if ((world->arrival_count & (world->arrival_count - 1)) == 0) {
        const size_t room = world->arrival_count == 0 ? 1 : 2 * world->arrival_count;
        world->arrivals = must(realloc(world->arrivals, room * sizeof *world->arrivals));
    }
    struct arrival *arrival = &world->arrivals[world->arrival_count++];
    *arrival =
        (struct arrival){.site = visit->site, .visit = visit->number, .at_ms = world->now_ms};
    (void)snprintf(arrival->recipient, sizeof arrival->recipient, "%s", visit->recipient);
    visit->message_count++;
}

static const char *usual_reply(const struct visit *visit, const char *line)
{
    const struct site *site = visit->site;
    if (strcmp(line, "CONNECT") == 0)
        return "220 site\r\n";
    if (strncmp(line, "EHLO", 4) == 0)
        return site->is_plain ? "250 site\r\n" : "250-site\r\n250 PIPELINING\r\n";
    if (strncmp(line, "RCPT", 4) == 0 && !visit->has_sender)
        return "503 no sender\r\n";
    if (strncmp(line, "DATA", 4) == 0)
        return visit->has_recipient ? "354 go ahead\r\n" : "503 no recipient\r\n";
    if (strncmp(line, "QUIT", 4) == 0)
        return "221 bye\r\n";
    return "250 ok\r\n";
}

static void note(struct visit *visit, const char *line)
{
    struct site *site = visit->site;
    site->quit_count += strncmp(line, "QUIT", 4) == 0;
    site->noop_count += strncmp(line, "NOOP", 4) == 0;
    site->mail_count += strncmp(line, "MAIL", 4) == 0;
    if (strncmp(line, "RCPT TO:<", 9) == 0)
        (void)sscanf(line, "RCPT TO:<%63[^>]", visit->recipient);
}

/* What the reply makes of the transaction. */
static void follow(struct visit *visit, const char *line, const char *reply)
{
    const bool is_success = *reply == '2';
    const bool is_taken = is_success || reply == world_takes_and_hangs_up;
    if (strcmp(line, ".") == 0 && is_taken && visit->has_recipient)
        accept_message(visit);
    if (strncmp(line, "MAIL", 4) == 0)
        visit->has_sender = is_success;
    else if (strncmp(line, "RCPT", 4) == 0)
        visit->has_recipient |= is_success;
    else if (strncmp(line, "DATA", 4) == 0)
        visit->is_in_content = *reply == '3';
    else
        visit->has_sender = visit->has_recipient = visit->is_in_content = false;
}

/* @return the visit goes on */
static bool answer(struct visit *visit, const char *line)
{
    const char *reply = visit->site->reply ? visit->site->reply(visit, line) : NULL;
    note(visit, line);
    if (!reply)
        reply = usual_reply(visit, line);
    const bool is_end = reply == world_hangs_up || reply == world_takes_and_hangs_up;
    if (!is_end && *reply != '\0')
        (void)send(visit->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
    follow(visit, line, reply);
    if (!is_end && strncmp(reply, "421", 3) != 0 && strncmp(reply, "221", 3) != 0 &&
        !visit->hangs_up)
        return true;
    close_visit(visit);
    return false;
}

/* @return the visit goes on */
static bool answer_line(struct visit *visit, const char *line)
{
    if (!visit->is_in_content)
        return answer(visit, line);
    if (strcmp(line, ".") != 0)
        return true;
    if (visit->site->content_takes == 0)
        return answer(visit, line);
    visit->answers_at = visit->site->world->now_ms + visit->site->content_takes;
    return true;
}

/* Takes the lines that are there, up to one whose answer takes its time. @return it goes on */
static bool take_lines(struct visit *visit)
{
    char *end;
    while (!visit->is_silent && visit->answers_at == 0 &&
           (end = memchr(visit->input, '\n', visit->length)) != NULL) {
        char line[sizeof visit->input];
        const size_t n = (size_t)(end - visit->input) + 1;
        memcpy(line, visit->input, n);
        line[n - 1] = '\0';
        line[strcspn(line, "\r")] = '\0';
        visit->length -= n;
        memmove(visit->input, end + 1, visit->length);
        if (!answer_line(visit, line))
            return false;
    }
    return true;
}

/* A line of content that fills all there is: nobody keeps it. */
static void take_long_content(struct visit *visit)
{
    if (!visit->is_in_content || visit->length < sizeof visit->input)
        return;
    visit->length = 0;
    const char *reply = visit->site->reply ? visit->site->reply(visit, "CONTENT") : NULL;
    if (reply)
        (void)send(visit->fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* @return something happened */
static bool serve(struct visit *visit)
{
    if (visit->is_silent)
        return false;
    if (visit->answers_at > visit->site->world->now_ms)
        return false;
    if (visit->answers_at > 0) {
        visit->answers_at = 0;
        if (answer(visit, "."))
            (void)take_lines(visit);
        return true;
    }
    const ssize_t n = recv(visit->fd, visit->input + visit->length,
                           sizeof visit->input - visit->length, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0) {
        close_visit(visit);
        return true;
    }
    visit->length += (size_t)n;
    if (take_lines(visit))
        take_long_content(visit);
    return true;
}

/* ---- A site ---------------------------------------------------------------------------------- */

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct site *site = user_data;
    int fds[2];
    (void)address;
    (void)port;
    (void)timeout_ms;
    site->dialed_at = site->world->now_ms;
    if (site->is_down) {
        site->refused_count++;
        return ECONNREFUSED;
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    struct visit *visit = must(calloc(1, sizeof *visit));
    *visit = (struct visit){
        .site = site, .fd = fds[1], .number = ++site->dialed_count, .next = site->visits};
    site->visits = visit;
    if (++site->open_count > site->open_max)
        site->open_max = site->open_count;
    if (++site->world->open_count > site->world->open_max)
        site->world->open_max = site->world->open_count;
    *fd = fds[0];
    (void)answer(visit, "CONNECT");
    return 0;
}

static void begin_site(struct world *world, size_t i)
{
    struct site *site = &world->sites[i];
    *site = (struct site){.world = world, .number = i};
    assert_int_equal(ph_server_new("mx.example.net", 25, &world->test.allocator, &site->server),
                     PH_OK);
    assert_int_equal(ph_server_set_dial(site->server, dial, site), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(site->server, PH_TLS_OFF), PH_OK);
}

void world_hang_up(struct site *site)
{
    while (site->visits)
        close_visit(site->visits);
}

/* ---- Letters --------------------------------------------------------------------------------- */

struct letter *world_letter(struct world *world, const char *recipient)
{
    static const char text[] = "Subject: hello\r\n\r\nhello\r\n";
    if ((world->letter_count & (world->letter_count - 1)) == 0) {
        const size_t room = world->letter_count == 0 ? 1 : 2 * world->letter_count;
        world->letters = must(realloc(world->letters, room * sizeof(struct letter *)));
    }
    struct letter *letter = must(calloc(1, sizeof *letter));
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
    for (size_t i = 0; i < world->site_count; i++) {
        for (struct visit *visit = world->sites[i].visits, *next; visit; visit = next) {
            next = visit->next;
            happened |= serve(visit);
        }
    }
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
    world->sites = must(calloc(site_count, sizeof *world->sites));
    for (size_t i = 0; i < site_count; i++)
        begin_site(world, i);
    assert_int_equal(ph_pool_new(&world->test.allocator, &world->pool), PH_OK);
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
