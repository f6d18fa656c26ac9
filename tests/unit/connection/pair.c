/* SPDX-License-Identifier: MIT */
/* A connection whose server is the test itself. */
#include "unit/connection/pair.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct pair *pair = user_data;
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = pair->dialed;
    pair->dialed = -1;
    return 0;
}

/* Each write is a packet of its own, so that writes can be counted. */
static void connect_ends(struct pair *pair)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    pair->dialed = fds[0];
    pair->peer = fds[1];
}

void pair_init(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    test_allocator_init(&pair->test);
    connect_ends(pair);
    pair->now_ms = 1000;
    assert_int_equal(ph_server_new("mx.example.net", 25, &pair->test.allocator, &pair->server),
                     PH_OK);
    assert_int_equal(ph_server_set_dial(pair->server, dial, pair), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(pair->server, PH_TLS_OFF), PH_OK);
}

void pair_open(struct pair *pair)
{
    assert_int_equal(ph_connection_new(pair->server, pair->now_ms, &pair->connection), PH_OK);
    pair_process(pair);
    pair_say(pair, "220 mx.example.net\r\n");
    assert_string_equal(pair_heard(pair), "EHLO localhost\r\n");
}

static void offer(struct pair *pair, const char *offers)
{
    char reply[256] = "250-mx.example.net\r\n";
    pair_open(pair);
    pair_say(pair, strcat(reply, offers));
    pair_expect(pair, PH_EVENT_READY, PH_OK);
    pair_expect_none(pair);
}

void pair_begin(struct pair *pair, const char *offers)
{
    pair_init(pair);
    offer(pair, offers);
}

void pair_begin_again(struct pair *pair, const char *offers)
{
    ph_connection_free(pair->connection);
    (void)close(pair->peer);
    connect_ends(pair);
    offer(pair, offers);
}

void pair_end(struct pair *pair)
{
    ph_connection_free(pair->connection);
    ph_server_free(pair->server);
    if (pair->dialed >= 0)
        (void)close(pair->dialed);
    if (pair->peer >= 0)
        (void)close(pair->peer);
    assert_int_equal(pair->test.live_blocks, 0);
}

void pair_say(struct pair *pair, const char *text)
{
    assert_int_equal(send(pair->peer, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    pair_process(pair);
}

void pair_hang_up(struct pair *pair)
{
    while (*pair_heard(pair) != '\0') /* what is left unread would make it a reset */
        continue;
    (void)close(pair->peer);
    pair->peer = -1;
    pair_process(pair);
}

void pair_process(struct pair *pair)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(pair->connection, fds);
    (void)poll(fds, (nfds_t)count, 0);
    ph_connection_process(pair->connection, fds, count, pair->now_ms);
}

const char *pair_heard(struct pair *pair)
{
    const ssize_t n = recv(pair->peer, pair->heard, sizeof pair->heard - 1, MSG_DONTWAIT);
    pair->heard[n > 0 ? n : 0] = '\0';
    return pair->heard;
}

void pair_expect(struct pair *pair, ph_event_type type, int status)
{
    if (!ph_connection_next_event(pair->connection, &pair->event))
        fail_msg("no event, and %d was expected", (int)type);
    assert_int_equal(pair->event.type, type);
    assert_int_equal(pair->event.status, status);
}

void pair_expect_none(struct pair *pair)
{
    ph_event event;
    assert_false(ph_connection_next_event(pair->connection, &event));
    /* As every program does before it waits. */
    (void)ph_connection_deadline(pair->connection, pair->now_ms);
}

ph_message *pair_message(const struct pair *pair)
{
    ph_message *message;
    assert_int_equal(ph_message_new(&pair->test.allocator, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    assert_int_equal(ph_message_set_content(message, HELLO, sizeof HELLO - 1), PH_OK);
    return message;
}
