/* SPDX-License-Identifier: MIT */
/* Names: known at once, answered by a name server that plays its part in a thread, or not at all.
 */
#include "unit/base/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/allocator.h"
#include "transport/resolve.h"
#include "unit/base/test_allocator.h"

enum {
    type_a = 1,
    type_aaaa = 28,
    rcode_nxdomain = 3,
    rcode_servfail = 2
};

/* ---- A name server --------------------------------------------------------------------------- */

struct name_server {
    int fd;
    char text[32]; /* "127.0.0.1:PORT" */
    pthread_t thread;
};

/* The first label of the question's name says what to answer. */
static size_t answer(uint8_t *packet, size_t n)
{
    size_t at = 12;
    while (at < n && packet[at] != 0)
        at += packet[at] + 1u;
    const unsigned type = packet[at + 2]; /* the low byte */
    const char *label = (const char *)packet + 13;
    const bool is_nobody = memcmp(label, "nobody", 6) == 0;
    const bool is_failing = memcmp(label, "fails", 5) == 0;
    const bool has_a = memcmp(label, "both", 4) == 0 || memcmp(label, "four", 4) == 0;
    const bool has_aaaa = memcmp(label, "both", 4) == 0 || memcmp(label, "six", 3) == 0;
    n = at + 5;
    packet[2] = 0x84; /* a response, authoritative */
    packet[3] = is_nobody ? rcode_nxdomain : is_failing ? rcode_servfail : 0;
    memset(packet + 6, 0, 6);
    if ((type == type_a && has_a) || (type == type_aaaa && has_aaaa)) {
        const size_t length = type == type_a ? 4 : 16;
        const uint8_t head[] = {0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)length};
        packet[7] = 1;
        memcpy(packet + n, head, sizeof head);
        memset(packet + n + sizeof head, 0, length);
        packet[n + sizeof head] = type == type_a ? 127 : 0;
        packet[n + sizeof head + length - 1] = 1;
        n += sizeof head + length;
    }
    return n;
}

static void *serve(void *argument)
{
    const struct name_server *server = argument;
    for (;;) {
        uint8_t packet[1024];
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        const ssize_t n = recvfrom(server->fd, packet, 512, 0, (struct sockaddr *)&from, &length);
        if (n < 17)
            return NULL; /* a short packet is the sign to end */
        if (memcmp(packet + 13, "silent", 6) != 0)
            (void)sendto(server->fd, packet, answer(packet, (size_t)n), 0, (struct sockaddr *)&from,
                         length);
    }
}

static int start_server(void **state)
{
    static struct name_server server;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (bind(server.fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(server.fd, (struct sockaddr *)&address, &length) != 0)
        return -1;
    (void)snprintf(server.text, sizeof server.text, "127.0.0.1:%u", ntohs(address.sin_port));
    *state = &server;
    return pthread_create(&server.thread, NULL, serve, &server);
}

static int stop_server(void **state)
{
    struct name_server *server = *state;
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    (void)getsockname(server->fd, (struct sockaddr *)&address, &length);
    (void)sendto(server->fd, "", 1, 0, (struct sockaddr *)&address, length);
    (void)pthread_join(server->thread, NULL);
    return close(server->fd);
}

/* ---- Resolving ------------------------------------------------------------------------------- */

static uint64_t now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* Polls until there is an outcome, or @p limit_ms have passed. */
static enum ph__io drive(struct ph__resolver *resolver, uint64_t limit_ms, struct ph__error *error)
{
    const uint64_t end = now() + limit_ms;
    struct pollfd fds[16];
    size_t count = 0;
    for (;;) {
        const enum ph__io io = ph__resolver_process(resolver, fds, count, error);
        const uint64_t time = now();
        if (io != PH__IO_WANT_READ || time >= end)
            return io;
        uint64_t deadline = ph__resolver_deadline_ms(resolver, time);
        deadline = deadline < end ? deadline : end;
        count = ph__resolver_pollfds(resolver, fds, 16);
        (void)poll(fds, (nfds_t)count, (int)(deadline - time));
    }
}

struct expected {
    const char *host;
    const char *addresses[3]; /* in any order */
    int status;               /* if there are none */
    const char *says;
};

static void check_addresses(const struct expected *row, const struct ph__resolver *resolver)
{
    size_t count;
    const struct ph__endpoint *endpoints = ph__resolver_endpoints(resolver, &count);
    size_t expected = 0;
    for (; expected < 3 && row->addresses[expected]; expected++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            char text[INET6_ADDRSTRLEN] = "";
            const struct sockaddr_storage *address = &endpoints[i].address;
            if (address->ss_family == AF_INET) {
                const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
                (void)inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
                CHECK(ntohs(v4->sin_port) == 2525, row->host);
            } else if (address->ss_family == AF_INET6) {
                const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
                (void)inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
                CHECK(ntohs(v6->sin6_port) == 2525, row->host);
            }
            found = found || strcmp(text, row->addresses[expected]) == 0;
        }
        CHECK(found, row->host);
    }
    CHECK(count == expected, row->host);
}

static void check(const struct expected *row, const char *servers)
{
    struct ph__error error;
    struct ph__resolver *resolver;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__error_init(&error, allocator);
    assert_int_equal(ph__resolver_new(allocator, row->host, 2525, servers, &resolver, &error),
                     PH_OK);
    const enum ph__io io = drive(resolver, 30000, &error);
    if (row->addresses[0]) {
        if (io != PH__IO_DONE)
            fail_msg("%s: %s", row->host, error.view->message);
        check_addresses(row, resolver);
    } else {
        CHECK(io == PH__IO_FAILED, row->host);
        CHECK((int)error.view->status == row->status, row->host);
        if (!strstr(error.view->message, row->says))
            fail_msg("%s: %s", row->host, error.view->message);
    }
    ph__resolver_free(resolver);
    ph__error_release(&error);
}

static void name__is_resolved_to_what_the_name_server_says(void **state)
{
    const struct name_server *server = *state;
    static const struct expected rows[] = {
        {"both.example.test", {"127.0.0.1", "::1"}, 0, NULL},
        {"four.example.test", {"127.0.0.1"}, 0, NULL},
        {"six.example.test", {"::1"}, 0, NULL},
        {"nobody.example.test", {NULL}, PH_ERR_HOST_UNKNOWN, "there is no such name"},
        {"empty.example.test", {NULL}, PH_ERR_HOST_UNKNOWN, "has no address"},
        {"fails.example.test", {NULL}, PH_ERR_HOST_UNKNOWN, "no name server gave an answer"},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check(&rows[i], server->text);
}

static void *resolve_often(void *name_server)
{
    const struct name_server *server = name_server;
    static const struct expected rows[] = {
        {"both.example.test", {"127.0.0.1", "::1"}, 0, NULL},
        {"nobody.example.test", {NULL}, PH_ERR_HOST_UNKNOWN, "there is no such name"},
    };
    for (size_t i = 0; i < 10; i++)
        check(&rows[i % ROWS(rows)], server->text);
    return NULL;
}

/* c-ares was not used before: nobody must have made it ready. */
static void names__are_resolved_by_several_threads_at_once(void **state)
{
    pthread_t ids[4];
    for (size_t i = 0; i < ROWS(ids); i++)
        assert_int_equal(pthread_create(&ids[i], NULL, resolve_often, *state), 0);
    for (size_t i = 0; i < ROWS(ids); i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
}

static void name__that_needs_no_name_server_is_known_at_once(void **state)
{
    (void)state;
    static const struct expected rows[] = {
        {"127.0.0.9", {"127.0.0.9"}, 0, NULL},
        {"2001:db8::1", {"2001:db8::1"}, 0, NULL},
        {"fe80::1%lo", {"fe80::1"}, 0, NULL},
        {"localhost", {"127.0.0.1", "::1"}, 0, NULL},
        {"mail.LocalHost", {"127.0.0.1", "::1"}, 0, NULL},
        {"mail.localhost.", {"127.0.0.1", "::1"}, 0, NULL},
        {"localhost.", {"127.0.0.1", "::1"}, 0, NULL},
    };
    for (size_t i = 0; i < ROWS(rows); i++)
        check(&rows[i], "127.0.0.1:1"); /* where nobody answers */
}

static void zone__is_a_name_or_a_number(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        uint32_t scope;
    } rows[] = {
        {"fe80::1", 0},       {"fe80::1%lo", 1},         {"fe80::1%1", 1},
        {"fe80::1%0042", 42}, {"fe80::1%", 0},           {"fe80::1%1x", 0},
        {"fe80::1%-1", 0},    {"fe80::1%4294967296", 0}, {"fe80::1%no-such-interface", 0},
    };
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct ph__error error;
        struct ph__resolver *resolver;
        size_t count;
        ph__error_init(&error, allocator);
        assert_int_equal(
            ph__resolver_new(allocator, rows[i].host, 25, "127.0.0.1:1", &resolver, &error), PH_OK);
        const struct sockaddr_in6 *address =
            (const struct sockaddr_in6 *)&ph__resolver_endpoints(resolver, &count)->address;
        CHECK(count == 1, rows[i].host);
        CHECK(address->sin6_scope_id == rows[i].scope, rows[i].host);
        ph__resolver_free(resolver);
        ph__error_release(&error);
    }
}

static void silence__is_waited_for_without_blocking(void **state)
{
    const struct name_server *server = *state;
    struct ph__error error;
    struct ph__resolver *resolver;
    struct pollfd fds[16];
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__error_init(&error, allocator);
    assert_int_equal(
        ph__resolver_new(allocator, "silent.example.test", 25, server->text, &resolver, &error),
        PH_OK);
    assert_int_equal(drive(resolver, 100, &error), PH__IO_WANT_READ);
    assert_in_range(ph__resolver_pollfds(resolver, fds, 16), 1, 16);
    const uint64_t time = now();
    assert_true(ph__resolver_deadline_ms(resolver, time) > time);
    ph__resolver_free(resolver); /* in the middle of a look-up */
    ph__error_release(&error);
}

static void unix_socket__is_an_endpoint_if_its_path_fits(void **state)
{
    (void)state;
    struct ph__error error;
    struct ph__resolver *resolver;
    char path[300] = "unix:";
    size_t count;
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__error_init(&error, allocator);
    assert_int_equal(ph__resolver_new(allocator, "unix:/run/x", 0, NULL, &resolver, &error), PH_OK);
    const struct ph__endpoint *endpoint = ph__resolver_endpoints(resolver, &count);
    assert_int_equal(count, 1);
    assert_int_equal(endpoint->address.ss_family, AF_UNIX);
    assert_string_equal(((const struct sockaddr_un *)&endpoint->address)->sun_path, "/run/x");
    ph__resolver_free(resolver);
    memset(path + 5, 'x', sizeof path - 6);
    assert_int_equal(ph__resolver_new(allocator, path, 0, NULL, &resolver, &error),
                     PH_ERR_ARGUMENT);
    assert_null(resolver);
    ph__error_release(&error);
}

static void known__each_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost", "unix:/run/x"};
    for (size_t i = 0; i < ROWS(hosts); i++) {
        bool has_failed = true;
        for (int n = 0; has_failed; n++) {
            struct test_allocator test;
            struct ph__error error;
            struct ph__resolver *resolver;
            test_allocator_init_failing(&test, n);
            ph__error_init(&error, ph__allocator_or_default(NULL));
            const int status =
                ph__resolver_new(&test.allocator, hosts[i], 25, NULL, &resolver, &error);
            has_failed = test.has_failed;
            assert_int_equal(status, has_failed ? PH_ERR_NO_MEMORY : PH_OK);
            ph__resolver_free(resolver);
            ph__error_release(&error);
            assert_int_equal(test.live_blocks, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names__are_resolved_by_several_threads_at_once),
        cmocka_unit_test(name__is_resolved_to_what_the_name_server_says),
        cmocka_unit_test(name__that_needs_no_name_server_is_known_at_once),
        cmocka_unit_test(zone__is_a_name_or_a_number),
        cmocka_unit_test(silence__is_waited_for_without_blocking),
        cmocka_unit_test(unix_socket__is_an_endpoint_if_its_path_fits),
        cmocka_unit_test(known__each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
