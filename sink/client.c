/* SPDX-License-Identifier: MIT */
/* One client of the sink. Never blocks. */
#include "sink/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

enum {
    output_enough = 256 * 1024, /* who does not read that much of replies is not read either */
    rounds_max = 16,            /* of reading, before others have their turn */
    linger_ms = 2000
};

/* What an attempt to move bytes came to. */
enum moved {
    MOVED,
    MOVED_ALL, /* and there is no more for now */
    BLOCKED,
    ENDED, /* the client will send no more */
    BROKEN
};

struct client *sink_client_new(int fd, const struct common *common)
{
    struct client *client = sink_must_allocate(sizeof *client);
    client->fd = fd;
    client->common = common;
    client->timer.data = client;
    sink_session_begin(&client->session, common);
    client->turns_to_tls = common->options->tls;
    client->stage = client->turns_to_tls ? CLIENT_FLUSHES : CLIENT_TALKS;
    client->left_is_new = true;
    return client;
}

void sink_client_free(struct client *client)
{
    SSL_free(client->ssl);
    ERR_clear_error();
    (void)close(client->fd);
    sink_session_release(&client->session);
    sink_bytes_free(&client->left);
    sink_bytes_free(&client->output);
    free(client);
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

static enum moved tls_outcome(struct client *client, int result)
{
    switch (SSL_get_error(client->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return BLOCKED;
    case SSL_ERROR_WANT_WRITE:
        client->wants_write = true;
        return BLOCKED;
    case SSL_ERROR_ZERO_RETURN:
        return ENDED;
    default:
        return BROKEN;
    }
}

static enum moved receive(struct client *client, char *room, size_t size, size_t *received)
{
    ssize_t n;
    do {
        n = recv(client->fd, room, size, 0);
    } while (n < 0 && errno == EINTR);
    *received = n > 0 ? (size_t)n : 0;
    if (n > 0)
        return *received < size ? MOVED_ALL : MOVED;
    if (n == 0)
        return ENDED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? BLOCKED : BROKEN;
}

static enum moved receive_tls(struct client *client, char *room, size_t size, size_t *received)
{
    *received = 0;
    ERR_clear_error();
    const int n = SSL_read(client->ssl, room, (int)size);
    if (n <= 0)
        return tls_outcome(client, n);
    *received = (size_t)n;
    return MOVED;
}

static enum moved read_some(struct client *client, struct span *input)
{
    size_t n;
    char *room = input->data + input->length;
    const size_t size = read_room_size - input->length;
    const enum moved moved =
        client->ssl ? receive_tls(client, room, size, &n) : receive(client, room, size, &n);
    input->length += n;
    return moved;
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
    return client->wants_write ? BLOCKED : BROKEN;
}

/* @return MOVED when all is written */
static enum moved flush(struct client *client)
{
    enum moved moved = MOVED;
    client->wants_write = false;
    while (client->output.length > 0 && moved == MOVED)
        moved = write_some(client);
    return moved;
}

/* A close with input unread would be a reset, which may overtake what was written last. */
static void hang_up(struct client *client)
{
    client->stage = shutdown(client->fd, SHUT_WR) == 0 ? CLIENT_LINGERS : CLIENT_GONE;
}

/* ---- TLS ------------------------------------------------------------------------------------- */

/* What came before the handshake was not protected by it: it is thrown away (RFC 3207 section 6).
 */
static void turn_to_tls(struct client *client)
{
    client->turns_to_tls = false;
    client->left.length = 0;
    client->ssl = SSL_new(client->common->ctx);
    if (!client->ssl || SSL_set_fd(client->ssl, client->fd) != 1) {
        client->stage = CLIENT_GONE;
        return;
    }
    SSL_set_accept_state(client->ssl);
    client->stage = CLIENT_HANDSHAKES;
}

/* @return there may be more to do */
static bool shake_hands(struct client *client)
{
    ERR_clear_error();
    client->wants_write = false;
    const int result = SSL_do_handshake(client->ssl);
    if (result == 1) {
        sink_session_secured(&client->session, SSL_get_version(client->ssl));
        client->stage = CLIENT_TALKS;
        client->left_is_new = true;
        return true;
    }
    if (tls_outcome(client, result) != BLOCKED) {
        hang_up(client);
        return client->stage == CLIENT_LINGERS;
    }
    client->wants_read = !client->wants_write;
    return false;
}

/* ---- Talking --------------------------------------------------------------------------------- */

/* What the session wants to become of the connection. */
static void obey(struct client *client, enum session_next next)
{
    switch (next) {
    case SESSION_GOES_ON:
        break;
    case SESSION_WAITS:
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

/* Puts away what the session left of the read room, which the next client will use. */
static void keep_left(struct client *client, const struct span *input)
{
    client->left.length = 0;
    sink_bytes_append(&client->left, input->data, input->length);
}

/* One read, what the session makes of it, one write.
 * @return there may be more to do at once */
static bool talk(struct client *client)
{
    if (client->output.length >= output_enough && flush(client) != MOVED)
        return false; /* its end would show when its replies cannot be written */
    struct span input = {.data = client->common->read_room, .length = client->left.length};
    enum moved read = client->ssl ? MOVED : MOVED_ALL;
    if (client->left.length > 0)
        memcpy(input.data, client->left.data, client->left.length);
    if (!client->left_is_new)
        read = read_some(client, &input);
    client->left_is_new = false;
    if (read == BROKEN) {
        client->stage = CLIENT_GONE;
        return false;
    }
    obey(client, sink_session_take(&client->session, &input, &client->output));
    keep_left(client, &input);
    if (client->stage == CLIENT_GONE)
        return false;
    if (read == ENDED && client->stage == CLIENT_TALKS)
        client->stage = CLIENT_FLUSHES;
    const enum moved written = flush(client);
    if (written == BROKEN)
        client->stage = CLIENT_GONE;
    client->wants_read = client->stage == CLIENT_TALKS && client->output.length < output_enough;
    return client->stage == CLIENT_FLUSHES || (client->wants_read && read == MOVED);
}

/* ---- The end --------------------------------------------------------------------------------- */

/* After QUIT nothing is to be expected. */
static void end(struct client *client)
{
    if (client->ssl)
        (void)SSL_shutdown(client->ssl);
    if (client->session.said_quit && client->left.length == 0)
        client->stage = CLIENT_GONE;
    else
        hang_up(client);
}

/* @return there may be more to do at once */
static bool finish(struct client *client)
{
    const enum moved written = flush(client);
    if (written == MOVED && client->turns_to_tls)
        turn_to_tls(client);
    else if (written == MOVED)
        end(client);
    else if (written == BROKEN)
        client->stage = CLIENT_GONE;
    return client->stage == CLIENT_HANDSHAKES || client->stage == CLIENT_LINGERS;
}

static void linger(struct client *client)
{
    size_t n;
    enum moved moved = MOVED;
    client->wants_read = true;
    for (int round = 0; round < rounds_max && moved == MOVED; round++)
        moved = receive(client, client->common->read_room, read_room_size, &n);
    if (moved == ENDED || moved == BROKEN)
        client->stage = CLIENT_GONE;
}

/* ---- Stages ---------------------------------------------------------------------------------- */

/* @return there may be more to do at once */
static bool go_on(struct client *client)
{
    switch (client->stage) {
    case CLIENT_HANDSHAKES:
        return shake_hands(client);
    case CLIENT_TALKS:
        return talk(client);
    case CLIENT_FLUSHES:
        return finish(client);
    case CLIENT_LINGERS:
        linger(client);
        return false;
    case CLIENT_WAITS:
        if (flush(client) == BROKEN)
            client->stage = CLIENT_GONE;
        return false;
    case CLIENT_GONE:
        return false;
    }
    return false;
}

/* OpenSSL may hold bytes that the socket, which is waited for, has no more. */
static bool hides_input(const struct client *client)
{
    return client->ssl && SSL_has_pending(client->ssl);
}

uint64_t sink_client_process(struct client *client, uint64_t now_ms)
{
    const enum client_stage before = client->stage;
    client->wants_read = false;
    int round = 0;
    while (go_on(client)) {
        if (++round >= rounds_max && client->stage == CLIENT_TALKS && !hides_input(client))
            break;
        client->wants_read = false;
    }
    if (client->stage == CLIENT_WAITS && before != CLIENT_WAITS)
        return now_ms + client->session.delay_ms + 1; /* the clock has cut off a part of one */
    if (client->stage == CLIENT_LINGERS && before != CLIENT_LINGERS)
        return now_ms + linger_ms;
    return 0;
}

void sink_client_timer_is_due(struct client *client)
{
    switch (client->stage) {
    case CLIENT_WAITS:
        client->stage = CLIENT_TALKS;
        client->left_is_new = true;
        break;
    case CLIENT_TALKS:
        sink_bytes_append_text(&client->output, "421 4.4.2 nothing was heard for too long\r\n");
        client->stage = CLIENT_FLUSHES;
        break;
    case CLIENT_HANDSHAKES:
    case CLIENT_FLUSHES:
    case CLIENT_LINGERS:
    case CLIENT_GONE:
        client->stage = CLIENT_GONE;
        break;
    }
}

void sink_client_dismiss(struct client *client)
{
    if (client->stage != CLIENT_TALKS && client->stage != CLIENT_WAITS)
        return;
    if (client->session.mode == MODE_COMMANDS || client->session.mode == MODE_LOGIN)
        sink_bytes_append_text(&client->output, "421 4.3.2 the sink ends\r\n");
    if (flush(client) == MOVED && client->ssl)
        (void)SSL_shutdown(client->ssl);
}
