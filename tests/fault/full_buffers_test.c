/* SPDX-License-Identifier: MIT */
/*
 * Both sides' buffers are full: a server that writes long replies and reads nothing meanwhile, and
 * a client that has more to write than it takes. Whoever only writes then waits for ever
 * (RFC 2920 section 3.1).
 */
#include "unit/base/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <posthaste/posthaste.h>

enum {
    small_buffer = 4096,
    reply_lines = 150, /* of 200 bytes: a reply is several times what a buffer takes */
    recipients = 1000,
    messages = 40,
    content_size = 200 * 1000
};

/* ---- A server that does one thing at a time ---------------------------------------------------
 */

struct server {
    int listener;
    int port;
    pthread_t thread;
    const char *offers;
    size_t taken; /* messages */
};

static void say(FILE *out, const char *reply)
{
    if (fputs(reply, out) < 0 || fflush(out) != 0)
        pthread_exit(NULL);
}

static void say_at_length(FILE *out)
{
    for (int i = 0; i < reply_lines; i++)
        (void)fprintf(out, "250-%0200d\r\n", i);
    say(out, "250 ok\r\n");
}

static void pass_over(FILE *in, size_t n)
{
    char bytes[8192];
    while (n > 0) {
        const size_t got = fread(bytes, 1, n < sizeof bytes ? n : sizeof bytes, in);
        if (got == 0)
            pthread_exit(NULL);
        n -= got;
    }
}

static void pass_over_to_dot(FILE *in)
{
    char line[2048] = "";
    while (strcmp(line, ".\r\n") != 0) {
        if (!fgets(line, sizeof line, in))
            pthread_exit(NULL);
    }
}

static void answer(struct server *server, FILE *in, FILE *out, const char *line)
{
    if (strncmp(line, "EHLO", 4) == 0) {
        say(out, server->offers);
    } else if (strncmp(line, "BDAT", 4) == 0) {
        pass_over(in, strtoul(line + 5, NULL, 10));
        server->taken += strstr(line, "LAST") != NULL;
        say_at_length(out);
    } else if (strncmp(line, "DATA", 4) == 0) {
        say(out, "354 go ahead\r\n");
        pass_over_to_dot(in);
        server->taken++;
        say_at_length(out);
    } else if (strncmp(line, "QUIT", 4) == 0) {
        say(out, "221 bye\r\n");
    } else {
        say_at_length(out);
    }
}

static void *serve(void *user_data)
{
    struct server *server = user_data;
    char line[2048];
    const int fd = accept(server->listener, NULL, NULL);
    FILE *in = fdopen(fd, "r");
    FILE *out = fdopen(dup(fd), "w");
    if (!in || !out)
        return NULL;
    say(out, "220 mx.example.net\r\n");
    while (fgets(line, sizeof line, in))
        answer(server, in, out, line);
    (void)fclose(in);
    (void)fclose(out);
    return NULL;
}

static void start(struct server *server, const char *offers)
{
    const int size = small_buffer;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    *server = (struct server){.offers = offers};
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    /* What is accepted inherits them. */
    assert_int_equal(setsockopt(server->listener, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_int_equal(setsockopt(server->listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    assert_int_equal(bind(server->listener, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static size_t stop(struct server *server)
{
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    (void)close(server->listener);
    return server->taken;
}

/* ---- The client ------------------------------------------------------------------------------ */

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    const int size = small_buffer;
    const struct sockaddr_in peer = {.sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)port),
                                     .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    (void)address;
    (void)timeout_ms;
    (void)user_data;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(*fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    return connect(*fd, (const struct sockaddr *)&peer, sizeof peer);
}

struct sending {
    ph_connection *connection;
    ph_message *message[messages];
    size_t added;
    size_t count;
    size_t sent;
    bool is_closed;
};

static char *content(void)
{
    static char bytes[content_size];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
    memcpy(bytes + sizeof bytes - 2, "\r\n", 2);
    return bytes;
}

static void make_messages(struct sending *sending, size_t recipient_count)
{
    for (size_t i = 0; i < sending->count; i++) {
        ph_message *message;
        assert_int_equal(ph_message_new(NULL, &message), PH_OK);
        for (size_t k = 0; k < recipient_count; k++)
            assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
        assert_int_equal(ph_message_set_recipient_policy(message, PH_RCPT_ANY), PH_OK);
        assert_int_equal(ph_message_set_content(message, content(), content_size), PH_OK);
        sending->message[i] = message;
    }
}

static void add(struct sending *sending)
{
    while (sending->added < sending->count && ph_connection_room(sending->connection) > 0) {
        assert_int_equal(
            ph_connection_send(sending->connection, sending->message[sending->added], NULL), PH_OK);
        sending->added++;
    }
    if (sending->added == sending->count)
        (void)ph_connection_quit(sending->connection);
}

static void take_event(struct sending *sending, const ph_event *event)
{
    sending->sent += event->type == PH_EVENT_MESSAGE_DONE && event->status == PH_OK;
    if (event->type == PH_EVENT_CLOSED)
        sending->is_closed = true;
    else
        add(sending);
}

static void send_all(struct sending *sending, struct server *served, uint32_t window)
{
    ph_server *server;
    struct pollfd fds[PH_POLLFDS_MAX];
    ph_event event;
    assert_int_equal(ph_server_new("127.0.0.1", served->port, NULL, &server), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_OFF), PH_OK);
    assert_int_equal(ph_server_set_dial(server, dial, NULL), PH_OK);
    assert_int_equal(ph_server_set_window(server, window, 64 << 20), PH_OK);
    assert_int_equal(ph_connection_new(server, ph_now_ms(), &sending->connection), PH_OK);
    for (;;) {
        while (!sending->is_closed && ph_connection_next_event(sending->connection, &event))
            take_event(sending, &event);
        if (sending->is_closed)
            break;
        const size_t n = ph_connection_pollfds(sending->connection, fds);
        (void)poll(fds, (nfds_t)n, ph_connection_poll_timeout(sending->connection, ph_now_ms()));
        ph_connection_process(sending->connection, fds, n, ph_now_ms());
    }
    ph_connection_free(sending->connection);
    ph_server_free(server);
    for (size_t i = 0; i < sending->count; i++)
        ph_message_free(sending->message[i]);
}

static void check(const char *offers, uint32_t window, size_t count, size_t recipient_count)
{
    struct server server;
    struct sending sending = {.count = count};
    start(&server, offers);
    make_messages(&sending, recipient_count);
    send_all(&sending, &server, window);
    assert_int_equal(sending.sent, count);
    assert_int_equal(stop(&server), count);
}

static void window_of_messages__is_read_while_it_is_written(void **state)
{
    (void)state;
    check("250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", messages, messages, 1);
}

static void overlapped_chunks__are_read_while_they_are_written(void **state)
{
    (void)state;
    check("250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n", 1, messages, 1);
}

static void many_recipients__are_read_while_they_are_written(void **state)
{
    (void)state;
    check("250-mx\r\n250 PIPELINING\r\n", 1, 2, recipients);
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* the server's thread writes by stdio */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_of_messages__is_read_while_it_is_written),
        cmocka_unit_test(overlapped_chunks__are_read_while_they_are_written),
        cmocka_unit_test(many_recipients__are_read_while_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
