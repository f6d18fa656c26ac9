/* SPDX-License-Identifier: MIT */
/* One client of the sink. Never blocks. */
#include "sink/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

enum {
    read_size = 64 * 1024,
    output_enough = 256 * 1024
};

/* What an attempt to move bytes came to. */
enum moved {
    MOVED,
    BLOCKED,
    OVER
};

struct client *sink_client_new(int fd, SSL_CTX *ctx, const struct ph_sink_options *options,
                               FILE *out, FILE *err)
{
    const int on = 1;
    struct client *client = sink_must_allocate(sizeof *client);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    client->fd = fd;
    client->ctx = ctx;
    client->stage = CLIENT_TALKS;
    sink_session_begin(&client->session, options, out, err);
    if (options->tls) {
        client->turns_to_tls = true;
        client->stage = CLIENT_FLUSHES;
    }
    return client;
}

void sink_client_free(struct client *client)
{
    if (client->ssl && client->stage != CLIENT_GONE)
        (void)SSL_shutdown(client->ssl);
    SSL_free(client->ssl);
    ERR_clear_error();
    (void)close(client->fd);
    sink_session_release(&client->session);
    sink_bytes_free(&client->input);
    sink_bytes_free(&client->output);
    free(client);
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static enum moved tls_outcome(struct client *client, int result)
{
    const int reason = SSL_get_error(client->ssl, result);
    client->wants_write = reason == SSL_ERROR_WANT_WRITE;
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return BLOCKED;
    return OVER;
}

static enum moved read_some(struct client *client)
{
    char *room = sink_bytes_room(&client->input, read_size);
    ERR_clear_error();
    for (;;) {
        const ssize_t n = client->ssl ? SSL_read(client->ssl, room, read_size)
                                      : recv(client->fd, room, read_size, 0);
        if (n > 0) {
            client->input.length += (size_t)n;
            return MOVED;
        }
        if (client->ssl)
            return tls_outcome(client, (int)n);
        if (n == 0 || errno != EINTR)
            return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? BLOCKED : OVER;
    }
}

static enum moved write_some(struct client *client)
{
    struct bytes *output = &client->output;
    ERR_clear_error();
    const ssize_t n = client->ssl ? SSL_write(client->ssl, output->data, (int)output->length)
                                  : send(client->fd, output->data, output->length, 0);
    if (n > 0) {
        sink_bytes_consume(output, (size_t)n);
        return MOVED;
    }
    if (client->ssl)
        return tls_outcome(client, (int)n);
    if (errno == EINTR)
        return MOVED;
    client->wants_write = errno == EAGAIN || errno == EWOULDBLOCK;
    return client->wants_write ? BLOCKED : OVER;
}

/* @return MOVED when all is written */
static enum moved flush(struct client *client)
{
    enum moved moved = MOVED;
    while (client->output.length > 0 && moved == MOVED)
        moved = write_some(client);
    return moved;
}

/* ---- Stages ---------------------------------------------------------------------------------- */

static void shake_hands(struct client *client)
{
    ERR_clear_error();
    const int result = SSL_do_handshake(client->ssl);
    client->wants_write = false;
    if (result == 1) {
        sink_session_secured(&client->session, SSL_get_version(client->ssl));
        client->stage = CLIENT_TALKS;
    } else if (tls_outcome(client, result) == OVER) {
        client->stage = CLIENT_GONE;
    }
}

/* What came before the handshake was not protected by it: it is thrown away (RFC 3207 section 6).
 */
static void turn_to_tls(struct client *client)
{
    client->turns_to_tls = false;
    client->input.length = 0;
    client->ssl = SSL_new(client->ctx);
    if (!client->ssl || SSL_set_fd(client->ssl, client->fd) != 1) {
        client->stage = CLIENT_GONE;
        return;
    }
    SSL_set_accept_state(client->ssl);
    client->stage = CLIENT_HANDSHAKES;
}

static void take_input(struct client *client, uint64_t now_ms)
{
    switch (sink_session_take(&client->session, &client->input, &client->output)) {
    case SESSION_GOES_ON:
        break;
    case SESSION_WAITS:
        client->wakes_at_ms = now_ms + client->session.delay_ms;
        client->stage = CLIENT_WAITS;
        break;
    case SESSION_WANTS_TLS:
        client->turns_to_tls = true;
        client->stage = CLIENT_FLUSHES;
        break;
    case SESSION_ENDS:
        client->stage = CLIENT_FLUSHES;
        break;
    case SESSION_DROPS:
        (void)flush(client);
        client->stage = CLIENT_GONE;
        break;
    }
}

static bool talk(struct client *client, uint64_t now_ms)
{
    take_input(client, now_ms);
    const enum moved written = flush(client);
    if (written == OVER)
        client->stage = CLIENT_GONE;
    if (client->stage != CLIENT_TALKS)
        return client->stage == CLIENT_FLUSHES && written == MOVED;
    if (written == BLOCKED && client->output.length >= output_enough)
        return false; /* who reads no replies gets no more of them */
    const enum moved read = read_some(client);
    if (read == OVER)
        client->stage = CLIENT_GONE;
    return read == MOVED;
}

static bool finish_flush(struct client *client)
{
    const enum moved written = flush(client);
    if (written == BLOCKED)
        return false;
    if (written == MOVED && client->turns_to_tls) {
        turn_to_tls(client);
        return client->stage == CLIENT_HANDSHAKES;
    }
    if (written == MOVED && client->ssl)
        (void)SSL_shutdown(client->ssl);
    client->stage = CLIENT_GONE;
    return false;
}

void sink_client_process(struct client *client, uint64_t now_ms)
{
    bool goes_on = true;
    client->wants_write = false;
    if (client->stage == CLIENT_WAITS && now_ms >= client->wakes_at_ms)
        client->stage = CLIENT_TALKS;
    while (goes_on) {
        switch (client->stage) {
        case CLIENT_HANDSHAKES:
            shake_hands(client);
            goes_on = client->stage == CLIENT_TALKS;
            break;
        case CLIENT_TALKS:
            goes_on = talk(client, now_ms);
            break;
        case CLIENT_FLUSHES:
            goes_on = finish_flush(client);
            break;
        case CLIENT_WAITS:
            (void)flush(client);
            goes_on = false;
            break;
        case CLIENT_GONE:
            return;
        }
    }
}

void sink_client_dismiss(struct client *client)
{
    if (client->stage != CLIENT_TALKS && client->stage != CLIENT_WAITS)
        return;
    if (client->session.mode == MODE_COMMANDS || client->session.mode == MODE_LOGIN)
        sink_bytes_append_text(&client->output, "421 4.3.2 the sink ends\r\n");
    (void)flush(client);
}
