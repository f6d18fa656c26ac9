/* SPDX-License-Identifier: MIT */
/*
 * Time limits of a connection. The clock is a parameter, so that nothing here waits: a test says
 * what time it is, and what the server does by then.
 */
#include "connection/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/allocator.h"
#include "protocol/envelope.h"
#include "protocol/result.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

#define PIPELINING "250-mx\r\n250 PIPELINING\r\n"

/* One under way; all NULL if there is none. */
struct message {
    struct ph__envelope envelope;
    ph_result *result;
    struct ph__source source;
    char *content;
};

struct fixture {
    struct test_allocator test;
    ph_server settings;
    ph_connection *connection;
    int dialed; /* the client's end of a pair, until it is dialed */
    int server;
    struct ph__event event; /* the last one */
    struct message message;
};

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct fixture *f = user_data;
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = f->dialed;
    f->dialed = -1;
    return 0;
}

/* Sets up limits that tell themselves apart; nothing is opened yet. */
static void init(struct fixture *f)
{
    *f = (struct fixture){.dialed = -1, .server = -1};
    test_allocator_init(&f->test);
    ph__envelope_init(&f->message.envelope, &f->test.allocator);
    assert_int_equal(ph__server_init(&f->settings, "mx.example.net", 2525, &f->test.allocator),
                     PH_OK);
    f->settings.limits =
        (struct ph__time_limits){.open_ms = 700, .read_ms = 500, .write_ms = 300, .reply_ms = 800};
}

static void use_pair(struct fixture *f)
{
    int fds[2];
    const int tiny = 1;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny), 0);
    f->dialed = fds[0];
    f->server = fds[1];
    f->settings.dial = dial;
    f->settings.dial_data = f;
}

/* Goes on at @p now_ms with what has become ready. @return there was an event */
static bool process(struct fixture *f, uint64_t now_ms)
{
    struct pollfd fds[PH_POLLFDS_MAX];
    const size_t count = ph_connection_pollfds(f->connection, fds);
    (void)poll(fds, (nfds_t)count, 0);
    ph_connection_process(f->connection, fds, count, now_ms);
    return ph__connection_take_event(f->connection, &f->event);
}

static void begin_at(struct fixture *f, uint64_t now_ms)
{
    f->connection = ph__connection_new(&f->settings, f->settings.port, now_ms);
    assert_non_null(f->connection);
    assert_false(process(f, now_ms));
}

static void server_says(const struct fixture *f, const char *text)
{
    assert_int_equal(write(f->server, text, strlen(text)), strlen(text));
}

static uint64_t deadline(struct fixture *f, uint64_t now_ms)
{
    return ph_connection_deadline(f->connection, now_ms);
}

static void end(struct fixture *f)
{
    ph_connection_free(f->connection);
    ph__envelope_release(&f->message.envelope);
    ph_result_free(f->message.result);
    free(f->message.content);
    if (f->dialed >= 0)
        (void)close(f->dialed);
    if (f->server >= 0)
        (void)close(f->server);
    ph__server_release(&f->settings);
    assert_int_equal(f->test.live_blocks, 0);
}

/* The limit passes at @p at_ms and not a millisecond before. */
static void check_gives_up(struct fixture *f, uint64_t at_ms, ph_status status, ph_phase phase,
                           const char *says)
{
    assert_false(process(f, at_ms - 1));
    assert_true(process(f, at_ms));
    assert_int_equal(f->event.type, PH__EVENT_FAILED);
    assert_int_equal(f->event.status, status);
    const ph_error *error = ph__connection_error(f->connection)->view;
    assert_int_equal(error->status, status);
    assert_int_equal(error->phase, phase);
    if (!strstr(error->message, says))
        fail_msg("\"%s\" does not say \"%s\"", error->message, says);
    assert_int_equal(deadline(f, at_ms), PH_NO_DEADLINE);
}

/* A session that has been greeted at 1000, ready for a message. */
static void begin_session(struct fixture *f, const char *offers)
{
    init(f);
    use_pair(f);
    begin_at(f, 1000);
    server_says(f, "220 mx\r\n");
    assert_false(process(f, 1000));
    server_says(f, offers);
    assert_true(process(f, 1000));
    assert_int_equal(f->event.type, PH__EVENT_READY);
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int bound_socket(int type, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* The name server's own patience (seconds) is longer than the limit. */
static void open_limit__covers_the_name_look_up(void **state)
{
    (void)state;
    struct fixture f;
    char servers[32];
    int port;
    init(&f);
    f.server = bound_socket(SOCK_DGRAM, &port); /* hears, and says nothing */
    (void)snprintf(servers, sizeof servers, "127.0.0.1:%d", port);
    f.settings.name_servers = servers;
    begin_at(&f, 5000);
    assert_int_equal(deadline(&f, 5000), 5700);
    check_gives_up(&f, 5700, PH_ERR_OPEN_TIMEOUT, PH_PHASE_RESOLVE,
                   "mx.example.net port 2525 has not been found by the name servers (resolve): "
                   "gave up after 0.7 s");
    end(&f);
}

/* A listener whose backlog is full answers nobody, as a host behind a firewall does. */
static void open_limit__covers_connecting(void **state)
{
    (void)state;
    struct fixture f;
    int fillers[64];
    init(&f);
    f.server = bound_socket(SOCK_STREAM, &f.settings.port);
    assert_int_equal(listen(f.server, 0), 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)f.settings.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < ROWS(fillers); i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (const struct sockaddr *)&address, sizeof address);
    }
    static const char literal[] = "127.0.0.1";
    memcpy(f.settings.address, literal, sizeof literal); /* in place of a longer name */
    begin_at(&f, 5000);
    assert_int_equal(deadline(&f, 5000), 5700);
    check_gives_up(&f, 5700, PH_ERR_OPEN_TIMEOUT, PH_PHASE_CONNECT, "no firewall drops");
    for (size_t i = 0; i < ROWS(fillers); i++)
        (void)close(fillers[i]);
    end(&f);
}

static void open_limit__begins_anew_for_the_handshake(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    f.settings.tls = true;
    f.connection = ph__connection_new(&f.settings, f.settings.port, 1000);
    assert_false(process(&f, 1600)); /* the program's dial function took its time */
    assert_int_equal(deadline(&f, 1600), 2300);
    check_gives_up(&f, 2300, PH_ERR_OPEN_TIMEOUT, PH_PHASE_TLS,
                   "does not go on with the TLS handshake (tls): gave up after 0.7 s");
    end(&f);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void read_limit__covers_the_greeting(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    begin_at(&f, 1000);
    assert_int_equal(deadline(&f, 1000), 1500);
    check_gives_up(&f, 1500, PH_ERR_READ_TIMEOUT, PH_PHASE_GREETING,
                   "sends no reply (greeting): gave up after 0.5 s; if it expects TLS");
    end(&f);
}

static void read_limit__begins_anew_with_each_byte(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    begin_at(&f, 1000);
    server_says(&f, "2");
    assert_false(process(&f, 1200));
    assert_int_equal(deadline(&f, 1200), 1700);
    end(&f);
}

static void reply_limit__is_not_moved_by_bytes(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    begin_at(&f, 1000);
    server_says(&f, "2");
    assert_false(process(&f, 1450));
    assert_int_equal(deadline(&f, 1450), 1800);
    server_says(&f, "2");
    check_gives_up(&f, 1800, PH_ERR_READ_TIMEOUT, PH_PHASE_GREETING, "gave up after 0.8 s");
    end(&f);
}

static void reply_limit__begins_anew_with_each_reply(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    f.settings.limits.read_ms = 0;
    begin_at(&f, 1000);
    server_says(&f, "220 mx\r\n");
    assert_false(process(&f, 1700)); /* greeted: EHLO is sent */
    assert_int_equal(deadline(&f, 1700), 2500);
    check_gives_up(&f, 2500, PH_ERR_READ_TIMEOUT, PH_PHASE_EHLO, "gave up after 0.8 s");
    end(&f);
}

static void limits__do_not_run_while_nothing_is_awaited(void **state)
{
    (void)state;
    struct fixture f;
    begin_session(&f, PIPELINING);
    assert_int_equal(deadline(&f, 1000), PH_NO_DEADLINE);
    assert_false(process(&f, 1000000));
    assert_int_equal(
        ph__session_command(ph__connection_session(f.connection), PH__SINGLE_NOOP, NULL), PH_OK);
    assert_false(process(&f, 1000000)); /* the wait begins now */
    assert_int_equal(deadline(&f, 1000000), 1000500);
    end(&f);
}

static void limits__act_at_once_when_they_change(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    use_pair(&f);
    begin_at(&f, 1000);
    f.settings.limits.read_ms = 0; /* none */
    assert_int_equal(deadline(&f, 1000), 1800);
    f.settings.limits.reply_ms = 0;
    assert_int_equal(deadline(&f, 1000), PH_NO_DEADLINE);
    assert_false(process(&f, 1000 + (uint64_t)30 * 24 * 3600 * 1000));
    f.settings.limits.read_ms = 40;
    assert_int_equal(deadline(&f, 2000), 1040);
    f.settings.limits.read_ms = UINT32_MAX;
    assert_int_equal(deadline(&f, 2000), 1000 + (uint64_t)UINT32_MAX);
    end(&f);
}

/* ---- Writing --------------------------------------------------------------------------------- */

enum {
    content_size = 512 * 1024 /* more than any socket buffers here, and two chunks */
};

static void submit(struct fixture *f)
{
    struct message *message = &f->message;
    const ph_allocator *allocator = &f->test.allocator;
    ph_address *to;
    assert_int_equal(ph_address_new("b@example.org", allocator, &to), PH_OK);
    assert_int_equal(ph__envelope_add_recipient(&message->envelope, to), PH_OK);
    message->result = ph__result_new(allocator, &message->envelope);
    message->content = malloc(content_size);
    assert_non_null(message->content);
    memset(message->content, 'x', content_size);
    message->source = ph__source_memory(message->content, content_size);
    ph__connection_set_source(f->connection, &message->source);
    const struct ph__outgoing outgoing = {.envelope = &message->envelope,
                                          .result = message->result};
    assert_int_equal(ph__session_send(ph__connection_session(f->connection), &outgoing), PH_OK);
}

static void server_takes_some(const struct fixture *f)
{
    char taken[65536];
    assert_true(recv(f->server, taken, sizeof taken, MSG_DONTWAIT) > 0);
    while (recv(f->server, taken, sizeof taken, MSG_DONTWAIT) > 0)
        continue;
}

/* @return the connection waits at @p now_ms for a server that takes nothing of the content */
static void begin_blocked(struct fixture *f, uint64_t now_ms)
{
    begin_session(f, PIPELINING);
    submit(f);
    assert_false(process(f, 1000));
    server_says(f, "250 ok\r\n250 ok\r\n354 go ahead\r\n");
    assert_false(process(f, now_ms));
}

static void write_limit__covers_a_server_that_takes_nothing(void **state)
{
    (void)state;
    struct fixture f;
    begin_blocked(&f, 1200);
    assert_int_equal(deadline(&f, 1200), 1500);
    check_gives_up(&f, 1500, PH_ERR_WRITE_TIMEOUT, PH_PHASE_BODY,
                   "takes no more data (body): gave up after 0.3 s");
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_NOT_SENT);
    end(&f);
}

static void write_limit__begins_anew_with_each_byte_taken(void **state)
{
    (void)state;
    struct fixture f;
    begin_blocked(&f, 1200);
    for (uint64_t now_ms = 1400; now_ms <= 2400; now_ms += 200) {
        server_takes_some(&f);
        assert_false(process(&f, now_ms));
        assert_int_equal(deadline(&f, now_ms), now_ms + 300);
    }
    end(&f);
}

/* The wait for a reply counts from when all was written: only then can the server speak. */
static void read_limit__begins_behind_the_last_byte_written(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t now_ms = 1200;
    begin_blocked(&f, now_ms);
    f.settings.limits.reply_ms = 0;
    while (deadline(&f, now_ms) == now_ms + 300) { /* blocked */
        now_ms += 100;
        server_takes_some(&f);
        assert_false(process(&f, now_ms));
    }
    assert_true(now_ms > 1700); /* longer than the read limit */
    assert_int_equal(deadline(&f, now_ms), now_ms + 500);
    check_gives_up(&f, now_ms + 500, PH_ERR_READ_TIMEOUT, PH_PHASE_BODY, "sends no reply");
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_UNKNOWN);
    end(&f);
}

/* The reply to the first chunk is awaited while the second is written. */
static void read_limit__does_not_count_what_was_written_meanwhile(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t now_ms = 1200;
    begin_session(&f, "250-mx\r\n250-CHUNKING\r\n250 PIPELINING\r\n");
    submit(&f);
    assert_false(process(&f, 1000));
    server_says(&f, "250 ok\r\n250 ok\r\n");
    assert_false(process(&f, now_ms));
    while (deadline(&f, now_ms) == now_ms + 300) { /* blocked */
        now_ms += 100;
        server_takes_some(&f);
        assert_false(process(&f, now_ms));
    }
    assert_true(now_ms > 2200); /* longer than the reply limit */
    assert_int_equal(deadline(&f, now_ms), now_ms + 500);
    server_says(&f, "250 ok\r\n250 queued\r\n");
    assert_true(process(&f, now_ms + 499));
    assert_int_equal(f.event.type, PH__EVENT_MESSAGE_DONE);
    assert_int_equal(ph_result_outcome(f.message.result), PH_OUTCOME_SENT);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_limit__covers_the_name_look_up),
        cmocka_unit_test(open_limit__covers_connecting),
        cmocka_unit_test(open_limit__begins_anew_for_the_handshake),
        cmocka_unit_test(read_limit__covers_the_greeting),
        cmocka_unit_test(read_limit__begins_anew_with_each_byte),
        cmocka_unit_test(reply_limit__is_not_moved_by_bytes),
        cmocka_unit_test(reply_limit__begins_anew_with_each_reply),
        cmocka_unit_test(limits__do_not_run_while_nothing_is_awaited),
        cmocka_unit_test(limits__act_at_once_when_they_change),
        cmocka_unit_test(write_limit__covers_a_server_that_takes_nothing),
        cmocka_unit_test(write_limit__begins_anew_with_each_byte_taken),
        cmocka_unit_test(read_limit__begins_behind_the_last_byte_written),
        cmocka_unit_test(read_limit__does_not_count_what_was_written_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
