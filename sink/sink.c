/* SPDX-License-Identifier: MIT */
/* The sink's life: listening, all its clients on one thread, and its end. */
#include "sink/sink.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sink/certificate.h"
#include "sink/client.h"
#include "sink/listener.h"
#include "sink/poller.h"
#include "sink/rules.h"

struct server {
    const struct ph_sink_options *options;
    FILE *out;
    FILE *err;
    SSL_CTX *ctx;
    struct poller *poller;
    int listener;
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
        struct client **grown = sink_must_allocate(server->capacity * sizeof(struct client *));
        if (server->count > 0)
            memcpy(grown, server->clients, server->count * sizeof(struct client *));
        free(server->clients);
        server->clients = grown;
    }
    client->index = server->count;
    server->clients[server->count++] = client;
}

static void remove_client(struct server *server, struct client *client)
{
    struct client *last = server->clients[--server->count];
    server->clients[client->index] = last;
    last->index = client->index;
    if (server->options->once && client->session.delivered > 0)
        server->has_ended = true;
    sink_poller_remove(server->poller, client->fd);
    sink_client_free(client);
}

static void process(struct server *server, struct client *client, uint64_t now_ms)
{
    sink_client_process(client, now_ms);
    if (client->stage == CLIENT_GONE)
        remove_client(server, client);
    else
        sink_poller_watch(server->poller, client->fd, client,
                          client->stage != CLIENT_WAITS && client->stage != CLIENT_FLUSHES,
                          client->wants_write);
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
    for (;;) {
        const int fd = accept(server->listener, NULL, NULL);
        if (fd < 0)
            return; /* none left, or no descriptor left: the next time */
        sink_socket_unblock(fd);
        struct client *client =
            sink_client_new(fd, server->ctx, server->options, server->out, server->err);
        add_client(server, client);
        process(server, client, now_ms);
    }
}

/* @return milliseconds until the first waiting client wakes, -1 if none waits */
static int wake_clients(struct server *server, uint64_t now_ms)
{
    uint64_t first = UINT64_MAX;
    for (size_t i = 0; server->options->delay.count > 0 && i < server->count;) {
        struct client *client = server->clients[i];
        const size_t count = server->count;
        if (client->stage == CLIENT_WAITS && client->wakes_at_ms <= now_ms)
            process(server, client, now_ms);
        if (server->count < count)
            continue; /* another one stands in its place */
        if (client->stage == CLIENT_WAITS && client->wakes_at_ms < first)
            first = client->wakes_at_ms;
        i++;
    }
    return first == UINT64_MAX ? -1 : (int)(first - now_ms);
}

/* ---- The loop -------------------------------------------------------------------------------- */

static void serve(struct server *server)
{
    while (!server->has_ended) {
        struct poller_event events[64];
        const int wait_ms = wake_clients(server, clock_ms());
        if (server->has_ended)
            return;
        const size_t count = sink_poller_wait(server->poller, events, 64, wait_ms);
        const uint64_t now_ms = clock_ms();
        for (size_t i = 0; i < count; i++) {
            if (events[i].data == &signal_pipe)
                server->has_ended = true;
            else if (events[i].data == &server->listener)
                accept_clients(server, now_ms);
            else
                client_event(server, events[i].data, now_ms);
        }
    }
}

static void end(struct server *server)
{
    while (server->count > 0) {
        struct client *client = server->clients[server->count - 1];
        sink_client_dismiss(client);
        remove_client(server, client);
    }
    free(server->clients);
    sink_poller_free(server->poller);
    (void)close(server->listener);
    if (server->options->unix_path)
        (void)unlink(server->options->unix_path);
    (void)close(signal_pipe[0]);
    (void)close(signal_pipe[1]);
    SSL_CTX_free(server->ctx);
}

static int prepare(struct server *server, char *address, size_t room)
{
    const struct ph_sink_options *options = server->options;
    if (!sink_rules_check(options, server->err))
        return 64;
    if (options->maildir && !sink_maildir_make(options->maildir, server->err))
        return 73;
    int code = sink_certificate_context(options, &server->ctx, server->err);
    if (code == 0)
        code = sink_listener_open(options, &server->listener, address, room, server->err);
    if (code != 0)
        SSL_CTX_free(server->ctx);
    return code;
}

int ph_sink_run(const struct ph_sink_options *options, FILE *out, FILE *err)
{
    struct server server = {.options = options, .out = out, .err = err, .listener = -1};
    char address[256];
    const int code = prepare(&server, address, sizeof address);
    if (code != 0)
        return code;
    server.poller = sink_poller_new();
    if (!server.poller || pipe(signal_pipe) != 0) {
        (void)fprintf(err, "posthaste sink: %s\n", strerror(errno));
        return 71;
    }
    take_signals();
    sink_poller_watch(server.poller, signal_pipe[0], &signal_pipe, true, false);
    sink_poller_watch(server.poller, server.listener, &server.listener, true, false);
    (void)fprintf(out, "listening on %s\n", address);
    (void)fflush(out);
    serve(&server);
    end(&server);
    return 0;
}
