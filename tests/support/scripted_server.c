/* SPDX-License-Identifier: MIT */
/* A server that plays a script, on loopback, in a thread of its own. */
#include "support/scripted_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum {
    heard_max = 1 << 20,
    line_max = 8192,
    patience_ms = 60000
};

struct scripted_server {
    struct server_settings settings;
    int listener;
    int port;
    pthread_t thread;
    SSL_CTX *ctx;
    const char *problem;
};

/* One client. */
struct client {
    struct scripted_server *server;
    int fd;
    SSL *ssl;
    char line[line_max];
};

static char heard[heard_max];
static char problem_text[line_max + 256];

static void die(const char *what)
{
    perror(what);
    abort();
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static bool is_readable(const struct client *client)
{
    struct pollfd wait = {.fd = client->fd, .events = POLLIN};
    return (client->ssl && SSL_pending(client->ssl) > 0) || poll(&wait, 1, patience_ms) == 1;
}

static int read_byte(struct client *client, char *byte)
{
    if (!is_readable(client))
        return -1;
    return client->ssl ? SSL_read(client->ssl, byte, 1) : (int)recv(client->fd, byte, 1, 0);
}

static bool say(struct client *client, const char *text)
{
    size_t n = strlen(text);
    while (n > 0) {
        const ssize_t sent = client->ssl ? SSL_write(client->ssl, text, (int)n)
                                         : send(client->fd, text, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

static void keep(struct client *client, size_t n)
{
    client->line[n] = '\0';
    if (n > 0 && client->line[n - 1] == '\r')
        client->line[n - 1] = '\0';
    (void)strncat(heard, client->line, heard_max - strlen(heard) - 2);
    (void)strcat(heard, "\n");
}

/* Reads a line, or as much of a long one as there is room for. @return false at the end */
static bool read_line(struct client *client)
{
    size_t n = 0;
    char byte;
    while (read_byte(client, &byte) == 1) {
        if (byte != '\n')
            client->line[n++] = byte;
        if (byte == '\n' || n + 1 == line_max) {
            keep(client, n);
            return true;
        }
    }
    client->line[n] = '\0';
    return false;
}

/* ---- Steps ----------------------------------------------------------------------------------- */

static bool complain(struct client *client, const char *expected, const char *got)
{
    (void)snprintf(problem_text, sizeof problem_text, "expected \"%.200s\", heard \"%s\"", expected,
                   got);
    client->server->problem = problem_text;
    return false;
}

static bool hear(struct client *client, const char *expected)
{
    if (!read_line(client))
        return complain(client, expected, "(the end)");
    if (strncmp(client->line, expected, strlen(expected)) != 0)
        return complain(client, expected, client->line);
    return true;
}

static bool hear_to_dot(struct client *client)
{
    do {
        if (!read_line(client))
            return complain(client, ".", "(the end)");
    } while (strcmp(client->line, ".") != 0);
    return true;
}

static void hear_to_end(struct client *client)
{
    while (read_line(client))
        continue;
}

static bool shake_hands(struct client *client)
{
    client->ssl = SSL_new(client->server->ctx);
    if (!client->ssl)
        die("SSL_new");
    SSL_set_fd(client->ssl, client->fd);
    return is_readable(client) && SSL_accept(client->ssl) == 1;
}

static void reset(const struct client *client)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* @return the script goes on */
static bool play(struct client *client, const struct step *step)
{
    switch (step->kind) {
    case STEP_END:
        return false;
    case STEP_SAY:
        return say(client, step->text);
    case STEP_HEAR:
        return hear(client, step->text);
    case STEP_HEAR_TO_DOT:
        return hear_to_dot(client);
    case STEP_HEAR_TO_END:
    case STEP_STALL:
        hear_to_end(client);
        return true;
    case STEP_TLS:
        return shake_hands(client);
    case STEP_SLEEP:
        (void)poll(NULL, 0, atoi(step->text));
        return true;
    case STEP_SHUT:
        return shutdown(client->fd, SHUT_WR) == 0;
    case STEP_RESET:
        reset(client);
        return false;
    }
    return false;
}

static void serve(struct scripted_server *server, int fd)
{
    struct client client = {.server = server, .fd = fd};
    const struct step *step = server->settings.steps;
    while (play(&client, step))
        step++;
    if (client.ssl && step->kind == STEP_END)
        (void)SSL_shutdown(client.ssl);
    SSL_free(client.ssl);
    ERR_clear_error();
    (void)close(fd);
}

static void *run(void *argument)
{
    struct scripted_server *server = argument;
    sigset_t pipe_signal; /* OpenSSL's own writes raise it; the client's must not */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    const size_t clients = server->settings.clients ? server->settings.clients : 1;
    for (size_t i = 0; i < clients; i++) {
        struct pollfd wait = {.fd = server->listener, .events = POLLIN};
        const int fd = poll(&wait, 1, patience_ms) == 1 ? accept(server->listener, NULL, NULL) : -1;
        if (fd < 0)
            break; /* nobody came: the test says so if it minds */
        serve(server, fd);
    }
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------------------ */

static SSL_CTX *new_context(const struct server_settings *settings)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, settings->certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, settings->key, SSL_FILETYPE_PEM) != 1)
        die(settings->certificate);
    if (settings->max_version != 0) {
        SSL_CTX_set_security_level(ctx, 0);
        (void)SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
        (void)SSL_CTX_set_max_proto_version(ctx, settings->max_version);
    }
    if (settings->client_ca) {
        if (SSL_CTX_load_verify_file(ctx, settings->client_ca) != 1)
            die(settings->client_ca);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static void listen_on_loopback(struct scripted_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (server->listener < 0 ||
        bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 64) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    server->port = ntohs(address.sin_port);
}

struct scripted_server *scripted_server_start(const struct server_settings *settings)
{
    struct scripted_server *server = calloc(1, sizeof *server);
    if (!server)
        die("calloc");
    heard[0] = '\0';
    server->settings = *settings;
    if (settings->certificate)
        server->ctx = new_context(settings);
    listen_on_loopback(server);
    if (pthread_create(&server->thread, NULL, run, server) != 0)
        die("pthread_create");
    return server;
}

int scripted_server_port(const struct scripted_server *server)
{
    return server->port;
}

const char *scripted_server_stop(struct scripted_server *server)
{
    (void)pthread_join(server->thread, NULL);
    const char *problem = server->problem;
    SSL_CTX_free(server->ctx);
    (void)close(server->listener);
    free(server);
    return problem;
}

const char *scripted_server_heard(void)
{
    return heard;
}
