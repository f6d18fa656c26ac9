/* SPDX-License-Identifier: MIT */
/* The servers of a world, and what they say to their visitors. */
#include "unit/pool/world_site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char world_hangs_up[] = "(hangs up)";
const char world_takes_and_hangs_up[] = "(takes it, and hangs up)";

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
        world->arrivals = world_must(realloc(world->arrivals, room * sizeof *world->arrivals));
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
    struct visit *visit = world_must(calloc(1, sizeof *visit));
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

void world_site_begin(struct world *world, size_t i)
{
    struct site *site = &world->sites[i];
    *site = (struct site){.world = world, .number = i};
    assert_int_equal(ph_server_new("mx.example.net", 25, &world->test.allocator, &site->server),
                     PH_OK);
    assert_int_equal(ph_server_set_dial(site->server, dial, site), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(site->server, PH_TLS_OFF), PH_OK);
}

bool world_site_serve(const struct site *site)
{
    bool happened = false;
    for (struct visit *visit = site->visits, *next; visit; visit = next) {
        next = visit->next;
        happened |= serve(visit);
    }
    return happened;
}

void world_hang_up(struct site *site)
{
    while (site->visits)
        close_visit(site->visits);
}

const char *world_refuses_for_now(struct visit *visit, const char *line)
{
    (void)visit;
    return strncmp(line, "MAIL", 4) == 0 ? "451 4.7.1 later\r\n" : NULL;
}
