/* SPDX-License-Identifier: MIT */
/* The sink's life: listening, all its clients on one thread, and its end. */
#include "sink/sink.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sink/certificate.h"
#include "sink/client.h"
#include "sink/listener.h"
#include "sink/maildir.h"
#include "sink/poller.h"
#include "sink/rules.h"

enum {
    accepts_max = 64,                    /* before others have their turn */
    idle_timeout_default_ms = 300 * 1000 /* RFC 5321 section 4.5.3.2.7 */
};

struct server {
    struct common common;
    struct totals totals;
    struct poller *poller;
    struct timers timers;
    int listener;
    uint32_t idle_timeout_ms;
    bool is_full; /* no descriptor was left for a client: the listener is not watched */
    struct client **clients;
    size_t count;
    size_t capacity;
    bool has_ended;
};

/* A signal handler can reach nothing but a global. */
static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    const int saved = errno;
    (void)number;
    (void)!write(signal_pipe[1], "", 1);
    errno = saved;
}

static void take_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &action, NULL);
}

static uint64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Clients --------------------------------------------------------------------------------- */

static void add_client(struct server *server, struct client *client)
{
    if (server->count == server->capacity) {
        server->capacity = server->capacity ? 2 * server->capacity : 64;
        server->clients =
            sink_must_resize(server->clients, server->capacity * sizeof(struct client *));
    }
    client->index = server->count;
    server->clients[server->count++] = client;
}

static void watch_listener(struct server *server, bool is_watched)
{
    server->is_full = !is_watched;
    sink_poller_change(server->poller, server->listener, &server->listener, is_watched, false);
}

static void remove_client(struct server *server, struct client *client)
{
    struct client *last = server->clients[--server->count];
    server->clients[client->index] = last;
    last->index = client->index;
    if (server->common.options->once && client->session.delivered > 0)
        server->has_ended = true;
    sink_timers_cancel(&server->timers, &client->timer);
    sink_poller_remove(server->poller, client->fd);
    sink_client_free(client);
    if (server->is_full)
        watch_listener(server, true);
}

/* Asks the poller only for what it is not doing already. */
static void watch(struct server *server, struct client *client)
{
    const bool reads = client->wants_read;
    const bool writes = client->wants_write;
    if (!client->is_watched)
        sink_poller_add(server->poller, client->fd, client, reads, writes);
    else if (client->is_watched_for_read != reads || client->is_watched_for_write != writes)
        sink_poller_change(server->poller, client->fd, client, reads, writes);
    client->is_watched = true;
    client->is_watched_for_read = reads;
    client->is_watched_for_write = writes;
}

static void process(struct server *server, struct client *client, uint64_t now_ms)
{
    const uint64_t due_ms = sink_client_process(client, now_ms);
    if (client->stage == CLIENT_GONE) {
        remove_client(server, client);
        return;
    }
    client->active_ms = now_ms;
    if (due_ms > 0)
        sink_timers_set(&server->timers, &client->timer, due_ms);
    else if (client->timer.place == 0)
        sink_timers_set(&server->timers, &client->timer, now_ms + server->idle_timeout_ms);
    watch(server, client);
}

/* Nothing is asked of a client that waits, so an event can only be its hanging up. */
static void client_event(struct server *server, struct client *client, uint64_t now_ms)
{
    if (client->stage == CLIENT_WAITS && !client->wants_write)
        client->stage = CLIENT_GONE;
    process(server, client, now_ms);
}

static void accept_clients(struct server *server, uint64_t now_ms)
{
    for (int count = 0; count < accepts_max; count++) {
        const int fd = accept(server->listener, NULL, NULL);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE)
                watch_listener(server, server->count == 0);
            return;
        }
        sink_socket_unblock(fd);
        struct client *client = sink_client_new(fd, &server->common);
        server->totals.sessions++;
        add_client(server, client);
        process(server, client, now_ms);
    }
}

/* A timer that is set is left alone while there is something to hear, which is cheaper. */
static bool postpone_idle_end(struct server *server, struct client *client, uint64_t now_ms)
{
    const uint64_t due_ms = client->active_ms + server->idle_timeout_ms;
    if (client->stage == CLIENT_WAITS || client->stage == CLIENT_LINGERS || due_ms <= now_ms)
        return false;
    sink_timers_set(&server->timers, &client->timer, due_ms);
    return true;
}

static void wake_clients(struct server *server, uint64_t now_ms)
{
    struct timer *timer;
    while ((timer = sink_timers_due(&server->timers, now_ms)) != NULL) {
        struct client *client = timer->data;
        if (postpone_idle_end(server, client, now_ms))
            continue;
        sink_client_timer_is_due(client);
        process(server, client, now_ms);
    }
}

/* ---- The loop -------------------------------------------------------------------------------- */

static void handle(struct server *server, void *data, uint64_t now_ms)
{
    if (data == &signal_pipe)
        server->has_ended = true;
    else if (data == &server->listener)
        accept_clients(server, now_ms);
    else
        client_event(server, data, now_ms);
}

static void serve(struct server *server)
{
    while (!server->has_ended) {
        struct poller_event events[64];
        const int wait_ms = sink_timers_wait_ms(&server->timers, clock_ms());
        const size_t count =
            sink_poller_wait(server->poller, events, sizeof events / sizeof events[0], wait_ms);
        const uint64_t now_ms = clock_ms();
        for (size_t i = 0; i < count; i++)
            handle(server, events[i].data, now_ms);
        wake_clients(server, now_ms);
    }
}

/* ---- Beginning and end ----------------------------------------------------------------------- */

static void end(struct server *server)
{
    while (server->count > 0) {
        struct client *client = server->clients[server->count - 1];
        sink_client_dismiss(client);
        remove_client(server, client);
    }
    free(server->clients);
    sink_timers_free(&server->timers);
    if (server->poller)
        sink_poller_free(server->poller);
    if (server->listener >= 0)
        (void)close(server->listener);
    if (server->listener >= 0 && server->common.options->unix_path)
        (void)unlink(server->common.options->unix_path);
    for (size_t i = 0; i < 2; i++) {
        if (signal_pipe[i] >= 0)
            (void)close(signal_pipe[i]);
        signal_pipe[i] = -1;
    }
    SSL_CTX_free(server->common.ctx);
    sink_logins_free(server->common.logins);
    free(server->common.read_room);
}

/* As many clients as the system allows, not as it suggests. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int set_up(struct server *server)
{
    const uint32_t idle_timeout_ms = server->common.options->idle_timeout_ms;
    server->idle_timeout_ms = idle_timeout_ms > 0 ? idle_timeout_ms : idle_timeout_default_ms;
    server->common.totals = &server->totals;
    server->common.read_room = sink_must_allocate(read_room_size);
    server->common.logins = sink_logins_new(&server->common.options->auth);
    server->poller = sink_poller_new();
    if (server->common.logins && server->poller && pipe(signal_pipe) == 0)
        return 0;
    (void)fprintf(server->common.err, "posthaste sink: cannot be set up: %s\n", strerror(errno));
    return 71;
}

static int prepare(struct server *server, char *address, size_t room)
{
    const struct ph_sink_options *options = server->common.options;
    FILE *err = server->common.err;
    if (!sink_rules_check(options, err))
        return 64;
    if (options->maildir && !sink_maildir_make(options->maildir, err))
        return 73;
    int code = sink_certificate_context(options, &server->common.ctx, err);
    if (code == 0)
        code = set_up(server);
    if (code == 0)
        code = sink_listener_open(options, &server->listener, address, room, err);
    return code;
}

static void tell_totals(const struct server *server)
{
    const struct totals *totals = &server->totals;
    (void)fprintf(server->common.out,
                  "took %llu messages of %llu bytes for %llu recipients in %llu sessions\n",
                  totals->messages, totals->bytes, totals->recipients, totals->sessions);
}

int ph_sink_run(const struct ph_sink_options *options, FILE *out, FILE *err)
{
    struct server server = {.common = {.options = options, .out = out, .err = err}, .listener = -1};
    char address[256];
    const int code = prepare(&server, address, sizeof address);
    if (code == 0) {
        raise_descriptor_limit();
        take_signals();
        sink_poller_add(server.poller, signal_pipe[0], &signal_pipe, true, false);
        sink_poller_add(server.poller, server.listener, &server.listener, true, false);
        (void)fprintf(out, "listening on %s\n", address);
        (void)fflush(out);
        serve(&server);
        if (options->summary)
            tell_totals(&server);
    }
    end(&server);
    return code;
}
