/* SPDX-License-Identifier: MIT */
/* A server in a thread of its own. */
#include "threads/peer.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char offers[] = "250-mx\r\n250-PIPELINING\r\n250 AUTH CRAM-MD5\r\n";

static const char *answer(struct small_server *server, const char *line)
{
    (void)server;
    if (strncmp(line, "AUTH ", 5) == 0)
        return "334 PDFAbXg+\r\n";
    return strchr(line, ' ') || strlen(line) < 30 ? NULL : "235 welcome\r\n"; /* the response */
}

static int hear(const struct peer *peer, char *bytes, int size)
{
    return peer->ssl ? SSL_read(peer->ssl, bytes, size)
                     : (int)recv(peer->fd, bytes, (size_t)size, 0);
}

static void say(struct peer *peer)
{
    const int n = (int)peer->server.n_said;
    if (n == 0)
        return;
    if (peer->ssl)
        (void)SSL_write(peer->ssl, peer->server.said, n);
    else
        (void)send(peer->fd, peer->server.said, (size_t)n, MSG_NOSIGNAL);
    peer->server.n_said = 0;
}

static void *serve(void *argument)
{
    struct peer *peer = argument;
    char bytes[4096];
    int n;
    sigset_t pipe_signal; /* OpenSSL's own writes raise it */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    if (!peer->ssl || SSL_accept(peer->ssl) == 1) {
        do {
            say(peer);
            n = hear(peer, bytes, (int)sizeof bytes);
            small_server_hear(&peer->server, bytes, n > 0 ? (size_t)n : 0);
        } while (n > 0);
    }
    SSL_free(peer->ssl);
    (void)close(peer->fd);
    return NULL;
}

void peer_start(struct peer *peer, SSL_CTX *ctx)
{
    int fds[2];
    *peer = (struct peer){.ssl = ctx ? SSL_new(ctx) : NULL};
    MUST(!ctx == !peer->ssl);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    peer->dialed = fds[0];
    peer->fd = fds[1];
    if (peer->ssl)
        MUST(SSL_set_fd(peer->ssl, peer->fd) == 1);
    small_server_begin(&peer->server, offers);
    peer->server.answer = answer;
    MUST(pthread_create(&peer->thread, NULL, serve, peer) == 0);
}

int peer_dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct peer *peer = user_data;
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = peer->dialed;
    peer->dialed = -1;
    return 0;
}

size_t peer_stop(struct peer *peer)
{
    if (peer->dialed >= 0)
        (void)close(peer->dialed);
    MUST(pthread_join(peer->thread, NULL) == 0);
    return peer->server.taken;
}
