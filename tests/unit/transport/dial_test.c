/* SPDX-License-Identifier: MIT */
/* Dialing several endpoints (RFC 8305). Time is a parameter: nothing here waits for a clock. */
#include "unit/base/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/allocator.h"
#include "transport/dial.h"

static struct ph__endpoint endpoint_v4(const char *address, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct ph__endpoint endpoint = {.length = sizeof v4};
    assert_int_equal(inet_pton(AF_INET, address, &v4.sin_addr), 1);
    memcpy(&endpoint.address, &v4, sizeof v4);
    return endpoint;
}

static struct ph__endpoint endpoint_v6(const char *address, int port)
{
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct ph__endpoint endpoint = {.length = sizeof v6};
    assert_int_equal(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    memcpy(&endpoint.address, &v6, sizeof v6);
    return endpoint;
}

/* @return a listening socket; nobody accepts, the backlog is @p backlog */
static int listen_v4(int backlog, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int closed_port(void)
{
    int port;
    (void)close(listen_v4(1, &port));
    return port;
}

static struct ph__dialer *new_dialer(const struct ph__endpoint *endpoints, size_t count,
                                     struct ph__error *error)
{
    struct ph__dialer *dialer;
    assert_int_equal(ph__dialer_new(ph__allocator_or_default(NULL), "mx.example.net", 25, endpoints,
                                    count, NULL, &dialer, error),
                     PH_OK);
    return dialer;
}

/* Polls without regard to time until there is an outcome. */
static enum ph__io drive(struct ph__dialer *dialer, uint64_t now_ms, struct ph__error *error)
{
    struct pollfd fds[16];
    size_t count = 0;
    enum ph__io io;
    while ((io = ph__dialer_process(dialer, fds, count, now_ms, error)) == PH__IO_WANT_WRITE) {
        count = ph__dialer_pollfds(dialer, fds, 16);
        assert_int_equal(poll(fds, (nfds_t)count, 20000) > 0, 1);
    }
    return io;
}

static void refused__goes_on_to_the_next_at_once(void **state)
{
    (void)state;
    struct ph__error error;
    int port;
    const int listener = listen_v4(8, &port);
    const struct ph__endpoint endpoints[] = {endpoint_v4("127.0.0.1", closed_port()),
                                             endpoint_v4("127.0.0.1", port)};
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(endpoints, 2, &error);
    assert_int_equal(drive(dialer, 1000, &error), PH__IO_DONE);
    const int fd = ph__dialer_take(dialer);
    assert_true(fd >= 0);
    assert_int_equal(ph__dialer_take(dialer), -1);
    (void)close(fd);
    ph__dialer_free(dialer);
    (void)close(listener);
    ph__error_release(&error);
}

static void all_refused__each_is_named_with_its_reason(void **state)
{
    (void)state;
    struct ph__error error;
    const struct ph__endpoint endpoints[] = {endpoint_v4("127.0.0.1", closed_port()),
                                             endpoint_v4("127.0.0.2", closed_port())};
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(endpoints, 2, &error);
    assert_int_equal(drive(dialer, 1000, &error), PH__IO_FAILED);
    assert_int_equal(error.view->status, PH_ERR_IO);
    assert_non_null(strstr(error.view->message,
                           "cannot connect to mx.example.net port 25: 127.0.0.1: "
                           "Connection refused; 127.0.0.2: Connection refused"));
    ph__dialer_free(dialer);
    ph__error_release(&error);
}

/* A listener whose backlog is full answers nobody, as a host behind a firewall does. */
struct silent {
    int listener;
    int fillers[64];
    int port;
};

static void silent_begin(struct silent *silent)
{
    silent->listener = listen_v4(0, &silent->port);
    const struct ph__endpoint endpoint = endpoint_v4("127.0.0.1", silent->port);
    for (size_t i = 0; i < ROWS(silent->fillers); i++) {
        silent->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(silent->fillers[i], (const struct sockaddr *)&endpoint.address,
                      endpoint.length);
    }
}

static void silent_end(const struct silent *silent)
{
    for (size_t i = 0; i < ROWS(silent->fillers); i++)
        (void)close(silent->fillers[i]);
    (void)close(silent->listener);
}

static int peer_port(int fd)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;
    assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &length), 0);
    return ntohs(peer.sin_port);
}

static void silent__the_next_is_tried_after_the_delay(void **state)
{
    (void)state;
    struct ph__error error;
    struct pollfd fds[16];
    struct silent silent;
    int port;
    silent_begin(&silent);
    const int listener = listen_v4(8, &port);
    const struct ph__endpoint endpoints[] = {endpoint_v4("127.0.0.1", silent.port),
                                             endpoint_v4("127.0.0.1", port)};
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(endpoints, 2, &error);
    assert_int_equal(ph__dialer_deadline_ms(dialer, 1000), 1000);
    assert_int_equal(ph__dialer_process(dialer, NULL, 0, 1000, &error), PH__IO_WANT_WRITE);
    assert_int_equal(ph__dialer_pollfds(dialer, fds, 16), 1);
    assert_int_equal(ph__dialer_deadline_ms(dialer, 1000), 1000 + ph__dial_delay_ms);
    assert_int_equal(ph__dialer_process(dialer, NULL, 0, 1249, &error), PH__IO_WANT_WRITE);
    assert_int_equal(ph__dialer_pollfds(dialer, fds, 16), 1);
    /* Connecting on loopback needs no waiting, so the second may be there at once. */
    assert_int_equal(drive(dialer, 1250, &error), PH__IO_DONE);
    assert_int_equal(ph__dialer_deadline_ms(dialer, 1250), UINT64_MAX);
    const int fd = ph__dialer_take(dialer);
    assert_int_equal(peer_port(fd), port);
    (void)close(fd);
    ph__dialer_free(dialer);
    silent_end(&silent);
    (void)close(listener);
    ph__error_release(&error);
}

/* A loop that remembers descriptors by number may report one that had this number before. */
static void silent__a_report_of_another_socket_is_no_connection(void **state)
{
    (void)state;
    struct ph__error error;
    struct pollfd fds[16];
    struct silent silent;
    silent_begin(&silent);
    const struct ph__endpoint endpoint = endpoint_v4("127.0.0.1", silent.port);
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(&endpoint, 1, &error);
    assert_int_equal(ph__dialer_process(dialer, NULL, 0, 1000, &error), PH__IO_WANT_WRITE);
    assert_int_equal(ph__dialer_pollfds(dialer, fds, 16), 1);
    fds[0].revents = POLLOUT;
    assert_int_equal(ph__dialer_process(dialer, fds, 1, 1000, &error), PH__IO_WANT_WRITE);
    assert_int_equal(ph__dialer_take(dialer), -1);
    ph__dialer_free(dialer);
    silent_end(&silent);
    ph__error_release(&error);
}

static void silent__a_failure_of_another_needs_no_delay(void **state)
{
    (void)state;
    struct ph__error error;
    struct silent silent;
    int port;
    silent_begin(&silent);
    const int listener = listen_v4(8, &port);
    const struct ph__endpoint endpoints[] = {endpoint_v4("127.0.0.1", silent.port),
                                             endpoint_v4("127.0.0.1", closed_port()),
                                             endpoint_v4("127.0.0.1", port)};
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(endpoints, 3, &error);
    assert_int_equal(ph__dialer_process(dialer, NULL, 0, 1000, &error), PH__IO_WANT_WRITE);
    assert_int_equal(drive(dialer, 1250, &error), PH__IO_DONE);
    const int fd = ph__dialer_take(dialer);
    assert_int_equal(peer_port(fd), port);
    (void)close(fd);
    ph__dialer_free(dialer);
    silent_end(&silent);
    (void)close(listener);
    ph__error_release(&error);
}

/* Whoever is freed in the middle leaves no descriptor open. */
static void silent__can_be_given_up(void **state)
{
    (void)state;
    struct ph__error error;
    struct pollfd fds[16];
    struct silent silent;
    silent_begin(&silent);
    const struct ph__endpoint endpoint = endpoint_v4("127.0.0.1", silent.port);
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(&endpoint, 1, &error);
    assert_int_equal(ph__dialer_process(dialer, NULL, 0, 1000, &error), PH__IO_WANT_WRITE);
    assert_int_equal(ph__dialer_deadline_ms(dialer, 1000), UINT64_MAX);
    assert_int_equal(ph__dialer_pollfds(dialer, fds, 16), 1);
    ph__dialer_free(dialer);
    assert_int_equal(close(fds[0].fd), -1);
    ph__dialer_free(NULL);
    silent_end(&silent);
    ph__error_release(&error);
}

/* Families in turn, IPv6 first: told by the order in which failures are named. */
static void families__take_turns(void **state)
{
    (void)state;
    struct ph__error error;
    const int port = closed_port();
    const struct ph__endpoint endpoints[] = {
        endpoint_v4("127.0.0.1", port), endpoint_v4("127.0.0.2", port), endpoint_v6("::1", port)};
    ph__error_init(&error, ph__allocator_or_default(NULL));
    struct ph__dialer *dialer = new_dialer(endpoints, 3, &error);
    assert_int_equal(drive(dialer, 1000, &error), PH__IO_FAILED);
    const char *v6 = strstr(error.view->message, "::1:");
    const char *first = strstr(error.view->message, "127.0.0.1:");
    const char *second = strstr(error.view->message, "127.0.0.2:");
    assert_true(v6 && first && second && v6 < first && first < second);
    ph__dialer_free(dialer);
    ph__error_release(&error);
}

static void bind_address__leaves_endpoints_of_its_family(void **state)
{
    (void)state;
    struct ph__error error;
    struct ph__dialer *dialer;
    int port;
    const int listener = listen_v4(8, &port);
    const struct ph__endpoint endpoints[] = {endpoint_v6("::1", port),
                                             endpoint_v4("127.0.0.1", port)};
    const ph_allocator *allocator = ph__allocator_or_default(NULL);
    ph__error_init(&error, allocator);
    assert_int_equal(
        ph__dialer_new(allocator, "mx", 25, endpoints, 2, "127.0.0.7", &dialer, &error), PH_OK);
    assert_int_equal(drive(dialer, 1000, &error), PH__IO_DONE);
    const int fd = ph__dialer_take(dialer);
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    assert_int_equal(ntohl(own.sin_addr.s_addr), 0x7f000007);
    (void)close(fd);
    ph__dialer_free(dialer);
    assert_int_equal(
        ph__dialer_new(allocator, "mx", 25, endpoints, 1, "127.0.0.7", &dialer, &error),
        PH_ERR_ARGUMENT);
    (void)close(listener);
    ph__error_release(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused__goes_on_to_the_next_at_once),
        cmocka_unit_test(all_refused__each_is_named_with_its_reason),
        cmocka_unit_test(silent__the_next_is_tried_after_the_delay),
        cmocka_unit_test(silent__a_report_of_another_socket_is_no_connection),
        cmocka_unit_test(silent__a_failure_of_another_needs_no_delay),
        cmocka_unit_test(silent__can_be_given_up),
        cmocka_unit_test(families__take_turns),
        cmocka_unit_test(bind_address__leaves_endpoints_of_its_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
