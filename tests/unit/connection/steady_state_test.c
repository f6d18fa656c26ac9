/* SPDX-License-Identifier: MIT */
/*
 * What has been allocated for the first messages of a session is enough for all that follow:
 * behind them, sending calls the allocator no more, whichever way the server lets it send.
 */
#include "unit/connection/pair.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    messages_all = 1000,
    messages_first = 20, /* that may allocate; more than are in flight at once */
    slots_max = 8
};

/* A line that ends in LF alone and begins with a dot, so that there is something to repair. */
static const char repaired[] = "Subject: hello\n\nhello\n.hello\n";

/* ---- The server ------------------------------------------------------------------------------ */

struct receiver {
    bool in_content;
    size_t chunk_left;
    size_t messages;
    size_t reply_length;
    char replies[16384];
};

static void append_reply(struct receiver *receiver, const char *reply)
{
    const size_t n = strlen(reply) + 1;
    assert_in_range(receiver->reply_length + n, 1, sizeof receiver->replies);
    memcpy(receiver->replies + receiver->reply_length, reply, n);
    receiver->reply_length += n - 1;
}

static const char *answer_to_line(struct receiver *receiver, const char *line)
{
    if (receiver->in_content) {
        receiver->in_content = strcmp(line, ".") != 0;
        receiver->messages += !receiver->in_content;
        return receiver->in_content ? "" : "250 2.0.0 queued\r\n";
    }
    if (strncmp(line, "BDAT ", 5) == 0) {
        receiver->chunk_left = strtoul(line + 5, NULL, 10);
        receiver->messages += strstr(line, " LAST") != NULL;
        return "250 2.0.0 taken\r\n";
    }
    receiver->in_content = strcmp(line, "DATA") == 0;
    return receiver->in_content ? "354 go ahead\r\n" : "250 2.1.0 ok\r\n";
}

/* @return the replies to whole lines, and to chunks, of which the rest may be still to come */
static const char *answer(struct receiver *receiver, char *heard)
{
    char *rest = heard;
    char *end = heard + strlen(heard);
    receiver->reply_length = 0;
    receiver->replies[0] = '\0';
    while (rest < end) {
        if (receiver->chunk_left > 0) {
            const size_t left = (size_t)(end - rest);
            const size_t n = left < receiver->chunk_left ? left : receiver->chunk_left;
            receiver->chunk_left -= n;
            rest += n;
            continue;
        }
        char *line_end = strstr(rest, "\r\n");
        assert_non_null(line_end);
        *line_end = '\0';
        append_reply(receiver, answer_to_line(receiver, rest));
        rest = line_end + 2;
    }
    return receiver->replies;
}

/* ---- A session that never blocks ------------------------------------------------------------- */

struct flow {
    struct pair pair;
    struct receiver receiver;
    ph_message *messages[slots_max];
    int added;
    int done;
    int allocations; /* when the first messages were done */
    bool was_given;  /* content that is read */
};

static void add(struct flow *flow, ph_message *message)
{
    if (!message || flow->added == messages_all)
        return;
    assert_int_equal(ph_connection_send(flow->pair.connection, message, message), PH_OK);
    flow->added++;
}

static void take_events(struct flow *flow)
{
    ph_event event;
    while (ph_connection_next_event(flow->pair.connection, &event)) {
        assert_int_equal(event.type, PH_EVENT_MESSAGE_DONE);
        assert_int_equal(event.status, PH_OK);
        if (++flow->done == messages_first)
            flow->allocations = flow->pair.test.n_allocations;
        add(flow, event.user_data);
    }
}

/* Gives its text and the end in turn, so that it can be read again and again. */
static int read_hello(void *buffer, size_t size, size_t *n, void *user_data)
{
    bool *was_given = user_data;
    *n = *was_given ? 0 : sizeof HELLO - 1;
    assert_true(*n <= size);
    memcpy(buffer, HELLO, *n);
    *was_given = !*was_given;
    return 0;
}

/* One message, and nothing under way between it and itself. */
static void make_read_message(struct flow *flow)
{
    ph_message *message = pair_message(&flow->pair);
    assert_int_equal(ph_message_set_content_callback(message, read_hello, &flow->was_given), PH_OK);
    flow->messages[0] = message;
}

static void make_messages(struct flow *flow, const char *content)
{
    const size_t room = ph_connection_room(flow->pair.connection);
    for (size_t i = 0; i < slots_max && i < room; i++) {
        ph_message *message = pair_message(&flow->pair);
        assert_int_equal(ph_message_add_recipient(message, "c@example.org"), PH_OK);
        assert_int_equal(ph_message_set_recipient_policy(message, PH_RCPT_ANY), PH_OK);
        assert_int_equal(ph_message_set_content(message, content, strlen(content)), PH_OK);
        flow->messages[i] = message;
    }
}

static void run_flow(struct flow *flow)
{
    for (size_t i = 0; i < slots_max; i++)
        add(flow, flow->messages[i]);
    for (int step = 0; flow->done < messages_all && step < 20 * messages_all; step++) {
        pair_process(&flow->pair);
        take_events(flow);
        const char *replies = answer(&flow->receiver, (char *)pair_heard(&flow->pair));
        if (*replies != '\0')
            assert_int_equal(send(flow->pair.peer, replies, strlen(replies), 0), strlen(replies));
    }
}

/* @param content  NULL: it is read by a callback */
static void check_flow(const char *ehlo_reply, uint32_t window, const char *content)
{
    static struct flow flow;
    memset(&flow, 0, sizeof flow);
    pair_init(&flow.pair);
    if (window > 0)
        assert_int_equal(ph_server_set_window(flow.pair.server, window, 1 << 20), PH_OK);
    pair_open(&flow.pair);
    pair_say(&flow.pair, ehlo_reply);
    pair_expect(&flow.pair, PH_EVENT_READY, PH_OK);
    if (content)
        make_messages(&flow, content);
    else
        make_read_message(&flow);
    run_flow(&flow);
    assert_int_equal(flow.done, messages_all);
    assert_int_equal(flow.receiver.messages, messages_all);
    assert_int_equal(flow.pair.test.n_allocations, flow.allocations);
    for (size_t i = 0; i < slots_max; i++)
        ph_message_free(flow.messages[i]);
    pair_end(&flow.pair);
}

static void lock_step__allocates_nothing(void **state)
{
    (void)state;
    check_flow("250-mx\r\n250 SIZE 1000000\r\n", 0, HELLO);
    check_flow("250-mx\r\n250 SIZE 1000000\r\n", 0, repaired);
}

static void pipelining__allocates_nothing(void **state)
{
    (void)state;
    check_flow("250-mx\r\n250 PIPELINING\r\n", 0, HELLO);
    check_flow("250-mx\r\n250 PIPELINING\r\n", 0, repaired);
}

static void chunking__allocates_nothing(void **state)
{
    (void)state;
    check_flow("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 0, HELLO);
    check_flow("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 0, repaired);
}

static void window__allocates_nothing(void **state)
{
    (void)state;
    check_flow("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", slots_max, HELLO);
}

static void content_that_is_read__allocates_nothing(void **state)
{
    (void)state;
    check_flow("250-mx\r\n250 PIPELINING\r\n", 0, NULL);
    check_flow("250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 0, NULL);
}

/* ---- The blocking client --------------------------------------------------------------------- */

/* The server's end of a pair of sockets, on a thread of its own. */
static void *serve(void *end)
{
    static struct receiver receiver;
    static char heard[65536];
    const int fd = *(const int *)end;
    memset(&receiver, 0, sizeof receiver);
    (void)!write(fd, "220 mx.example.net\r\n", 20);
    for (;;) {
        const ssize_t n = recv(fd, heard, sizeof heard - 1, 0);
        if (n <= 0)
            return NULL;
        heard[n] = '\0';
        const char *replies = strncmp(heard, "EHLO", 4) == 0 ? "250-mx\r\n250 PIPELINING\r\n"
                                                             : answer(&receiver, heard);
        if (*replies != '\0' && send(fd, replies, strlen(replies), MSG_NOSIGNAL) < 0)
            return NULL;
    }
}

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    (void)address;
    (void)port;
    (void)timeout_ms;
    *fd = *(const int *)user_data;
    return 0;
}

static ph_smtp *start_client(const struct test_allocator *memory, int *fd)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("mx.example.net", 25, &memory->allocator, &smtp), PH_OK);
    ph_smtp_set_dial(smtp, dial, fd);
    assert_int_equal(ph_smtp_disable_starttls(smtp), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    return smtp;
}

static void blocking_client__allocates_nothing(void **state)
{
    int fds[2];
    pthread_t thread;
    struct pair pair;
    int allocations = 0;
    (void)state;
    test_allocator_init(&pair.test);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve, &fds[1]), 0);
    ph_smtp *smtp = start_client(&pair.test, &fds[0]);
    ph_message *message = pair_message(&pair);
    for (int i = 0; i < messages_all; i++) {
        if (i == messages_first)
            allocations = pair.test.n_allocations;
        assert_int_equal(ph_smtp_send(smtp, message), PH_OK);
    }
    assert_int_equal(pair.test.n_allocations, allocations);
    (void)shutdown(fds[1], SHUT_RDWR);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ph_message_free(message);
    ph_smtp_free(smtp);
    (void)close(fds[1]);
    assert_int_equal(pair.test.live_blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_step__allocates_nothing),
        cmocka_unit_test(pipelining__allocates_nothing),
        cmocka_unit_test(chunking__allocates_nothing),
        cmocka_unit_test(window__allocates_nothing),
        cmocka_unit_test(content_that_is_read__allocates_nothing),
        cmocka_unit_test(blocking_client__allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
