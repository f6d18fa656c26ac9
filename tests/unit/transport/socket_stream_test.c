/* SPDX-License-Identifier: MIT */
#include "transport/socket_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport/send_file.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

struct fixture {
    struct test_allocator test;
    struct ph__error error;
    struct ph__stream *stream;
    int peer;
};

/* Makes a stream over one end of a pair; the other is the test's. */
static void begin(struct fixture *f)
{
    int fds[2];
    test_allocator_init(&f->test);
    ph__error_init(&f->error, &f->test.allocator);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(ph__socket_prepare(fds[0]), PH_OK);
    assert_int_equal(ph__socket_stream_new(&f->test.allocator, fds[0], &f->stream), PH_OK);
    assert_int_equal(f->stream->fd, fds[0]);
    f->peer = fds[1];
}

static void end(struct fixture *f)
{
    if (f->peer >= 0)
        (void)close(f->peer);
    f->stream->functions->close(f->stream);
    ph__error_release(&f->error);
    assert_int_equal(f->test.live_blocks, 0);
}

static enum ph__io read_stream(struct fixture *f, void *buffer, size_t size, size_t *n)
{
    *n = 0;
    return f->stream->functions->read(f->stream, buffer, size, n, &f->error);
}

static enum ph__io write_stream(struct fixture *f, const struct ph__slice *slices, size_t count,
                                size_t *n)
{
    *n = 0;
    return f->stream->functions->write(f->stream, slices, count, n, &f->error);
}

/* @return a TCP connection on loopback: fds[0] the client's end, fds[1] the server's */
static void connect_tcp(int family, int fds[2])
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    memset(&address, 0, sizeof address);
    address.ss_family = (sa_family_t)family;
    if (family == AF_INET)
        ((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)&address)->sin6_addr = in6addr_loopback;
    const socklen_t size =
        family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    const int listener = socket(family, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    fds[0] = socket(family, SOCK_STREAM, 0);
    assert_int_equal(connect(fds[0], (struct sockaddr *)&address, length), 0);
    fds[1] = accept(listener, NULL, NULL);
    assert_true(fds[1] >= 0);
    (void)close(listener);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static void read__gives_what_is_there_and_waits_for_more(void **state)
{
    (void)state;
    struct fixture f;
    char buffer[4];
    size_t n;
    begin(&f);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_WANT_READ);
    assert_int_equal(write(f.peer, "220 mx", 6), 6);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_DONE);
    assert_int_equal(n, 4);
    assert_memory_equal(buffer, "220 ", 4);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_DONE);
    assert_int_equal(n, 2);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_WANT_READ);
    assert_false(f.stream->functions->has_pending(f.stream));
    end(&f);
}

static void read__after_the_last_byte_comes_the_end(void **state)
{
    (void)state;
    struct fixture f;
    char buffer[16];
    size_t n;
    begin(&f);
    assert_int_equal(write(f.peer, "221", 3), 3);
    assert_int_equal(shutdown(f.peer, SHUT_WR), 0);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_DONE);
    assert_int_equal(n, 3);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_END);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_END);
    assert_false(ph__error_is_set(&f.error));
    end(&f);
}

static void read__a_reset_is_a_failure_and_no_end(void **state)
{
    (void)state;
    struct fixture f;
    int fds[2];
    char buffer[16];
    size_t n;
    begin(&f);
    f.stream->functions->close(f.stream);
    connect_tcp(AF_INET, fds);
    assert_int_equal(ph__socket_prepare(fds[0]), PH_OK);
    assert_int_equal(ph__socket_stream_new(&f.test.allocator, fds[0], &f.stream), PH_OK);
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fds[1]);
    assert_int_equal(read_stream(&f, buffer, sizeof buffer, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_IO);
    assert_int_equal(f.error.view->system_errno, ECONNRESET);
    assert_string_equal(f.error.view->message, "the connection was lost: Connection reset by peer");
    end(&f);
}

/* ---- Writing --------------------------------------------------------------------------------- */

enum {
    total = 1024 * 1024
};

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

/* Takes a little, and checks that it goes on where the last piece ended. */
static size_t drain(int fd, size_t received)
{
    uint8_t bytes[777];
    const ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    for (ssize_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], byte_at(received + (size_t)i));
    return n > 0 ? (size_t)n : 0;
}

static void write__is_partial_where_there_is_little_room(void **state)
{
    (void)state;
    static uint8_t bytes[total];
    struct fixture f;
    size_t sent = 0;
    size_t received = 0;
    bool was_partial = false;
    bool was_blocked = false;
    begin(&f);
    for (size_t i = 0; i < total; i++)
        bytes[i] = byte_at(i);
    const int tiny = 1;
    assert_int_equal(setsockopt(f.stream->fd, SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny), 0);
    while (received < total) {
        size_t n = 0;
        const size_t half = (total - sent) / 2;
        const struct ph__slice slices[] = {{bytes + sent, half},
                                           {bytes + sent + half, total - sent - half}};
        const enum ph__io io = sent < total ? write_stream(&f, slices, 2, &n) : PH__IO_DONE;
        assert_true(io == PH__IO_DONE || io == PH__IO_WANT_WRITE);
        was_blocked = was_blocked || io == PH__IO_WANT_WRITE;
        was_partial = was_partial || (n > 0 && sent + n < total);
        sent += n;
        received += drain(f.peer, received);
    }
    assert_int_equal(sent, total);
    assert_true(was_partial && was_blocked);
    end(&f);
}

/* A system call takes so many slices and no more; the others wait for the next. */
static void write__more_slices_than_a_call_takes_leave_in_two(void **state)
{
    (void)state;
    struct fixture f;
    struct ph__slice slices[100];
    uint8_t bytes[100];
    size_t n;
    begin(&f);
    for (size_t i = 0; i < ROWS(slices); i++) {
        bytes[i] = byte_at(i);
        slices[i] = (struct ph__slice){.bytes = &bytes[i], .length = 1};
    }
    assert_int_equal(write_stream(&f, slices, ROWS(slices), &n), PH__IO_DONE);
    assert_in_range(n, 1, ROWS(slices) - 1);
    const size_t first = n;
    assert_int_equal(write_stream(&f, slices + first, ROWS(slices) - first, &n), PH__IO_DONE);
    assert_int_equal(first + n, ROWS(slices));
    assert_int_equal(drain(f.peer, 0), ROWS(slices));
    end(&f);
}

/* SIGPIPE would end the test program. */
static void write__to_one_who_has_closed_fails_without_a_signal(void **state)
{
    (void)state;
    struct fixture f;
    const struct ph__slice slice = {.bytes = (const uint8_t *)"QUIT\r\n", .length = 6};
    size_t n;
    begin(&f);
    (void)close(f.peer);
    f.peer = -1;
    assert_int_equal(write_stream(&f, &slice, 1, &n), PH__IO_FAILED);
    assert_int_equal(f.error.view->status, PH_ERR_IO);
    assert_int_equal(f.error.view->system_errno, EPIPE);
    end(&f);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static int file_of_ten(void)
{
    char path[] = "/tmp/posthaste-file-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    assert_int_equal(write(fd, "0123456789", 10), 10);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    return fd;
}

static void send_file__goes_on_from_where_it_stands_and_tells_its_end(void **state)
{
    (void)state;
    if (!ph__can_send_files())
        return;
    struct fixture f;
    char heard[16];
    size_t n = 0;
    begin(&f);
    const int fd = file_of_ten();
    assert_int_equal(f.stream->functions->send_file(f.stream, fd, 2, &n, &f.error), PH__IO_DONE);
    assert_int_equal(n, 2);
    assert_int_equal(f.stream->functions->send_file(f.stream, fd, 100, &n, &f.error), PH__IO_DONE);
    assert_int_equal(n, 4);
    assert_int_equal(f.stream->functions->send_file(f.stream, fd, 100, &n, &f.error), PH__IO_END);
    assert_int_equal(read(f.peer, heard, sizeof heard), 6);
    assert_memory_equal(heard, "456789", 6);
    (void)close(fd);
    end(&f);
}

/* sendfile knows no MSG_NOSIGNAL. */
static void send_file__to_one_who_has_closed_fails_without_a_signal(void **state)
{
    (void)state;
    if (!ph__can_send_files())
        return;
    struct fixture f;
    sigset_t pending;
    size_t n = 0;
    begin(&f);
    const int fd = file_of_ten();
    (void)close(f.peer);
    f.peer = -1;
    assert_int_equal(f.stream->functions->send_file(f.stream, fd, 6, &n, &f.error), PH__IO_FAILED);
    assert_int_equal(f.error.view->system_errno, EPIPE);
    assert_int_equal(sigpending(&pending), 0);
    assert_int_equal(sigismember(&pending, SIGPIPE), 0);
    (void)close(fd);
    end(&f);
}

/* ---- Making ---------------------------------------------------------------------------------- */

static void new__without_memory_leaves_the_descriptor_to_the_caller(void **state)
{
    (void)state;
    struct test_allocator test;
    struct ph__stream *stream = NULL;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    test_allocator_init_failing(&test, 0);
    assert_int_equal(ph__socket_stream_new(&test.allocator, fds[0], &stream), PH_ERR_NO_MEMORY);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(test.live_blocks, 0);
}

static void prepare__neither_blocks_nor_is_inherited_nor_delays(void **state)
{
    (void)state;
    int fds[2];
    int value = 0;
    socklen_t length = sizeof value;
    connect_tcp(AF_INET, fds);
    assert_int_equal(ph__socket_prepare(fds[0]), PH_OK);
    assert_true((fcntl(fds[0], F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fds[0], F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(getsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
    assert_true(value != 0);
    ph__socket_close(fds[0]);
    assert_int_equal(ph__socket_prepare(fds[0]), PH_ERR_IO);
    assert_int_equal(errno, EBADF);
    (void)close(fds[1]);
}

/* ---- Peers ----------------------------------------------------------------------------------- */

static bool has_ipv6(void)
{
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    const bool is_bound =
        fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        (void)close(fd);
    return is_bound;
}

static void is_local__loopback_and_unix_sockets_are(void **state)
{
    (void)state;
    static const int families[] = {AF_INET, AF_INET6};
    int fds[2];
    for (size_t i = 0; i < ROWS(families); i++) {
        if (families[i] == AF_INET6 && !has_ipv6())
            continue;
        connect_tcp(families[i], fds);
        assert_true(ph__socket_is_local(fds[0]));
        assert_true(ph__socket_is_local(fds[1]));
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_true(ph__socket_is_local(fds[0]));
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* A datagram socket takes any peer without sending to it. 192.0.2.0/24 is for documentation. */
static bool is_peer_local(const char *note, const struct sockaddr *address, socklen_t length)
{
    const int fd = socket(address->sa_family, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, address, length) != 0) {
        print_message("%s: no route, not tried\n", note);
        (void)close(fd);
        return false;
    }
    const bool is_local = ph__socket_is_local(fd);
    (void)close(fd);
    return is_local;
}

static void is_local__other_peers_are_not(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    v4.sin_addr.s_addr = htonl(0xc0000201);
    assert_false(is_peer_local("192.0.2.1", (struct sockaddr *)&v4, sizeof v4));
    v4.sin_addr.s_addr = htonl(0x7f010203);
    assert_true(is_peer_local("127.1.2.3", (struct sockaddr *)&v4, sizeof v4));
    const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
    memcpy(&v6.sin6_addr, mapped, sizeof mapped);
    assert_false(is_peer_local("::ffff:192.0.2.1", (struct sockaddr *)&v6, sizeof v6));
    assert_false(ph__socket_is_local(-1));
    const int unconnected = socket(AF_INET, SOCK_STREAM, 0);
    assert_false(ph__socket_is_local(unconnected));
    (void)close(unconnected);
}

/* An IPv4 peer behind an IPv6 socket is known by the address that is mapped. */
static void is_local__a_mapped_loopback_address_is(void **state)
{
    (void)state;
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    memcpy(&v6.sin6_addr, mapped, sizeof mapped);
    if (!has_ipv6())
        skip();
    assert_true(is_peer_local("::ffff:127.0.0.1", (struct sockaddr *)&v6, sizeof v6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__gives_what_is_there_and_waits_for_more),
        cmocka_unit_test(read__after_the_last_byte_comes_the_end),
        cmocka_unit_test(read__a_reset_is_a_failure_and_no_end),
        cmocka_unit_test(write__is_partial_where_there_is_little_room),
        cmocka_unit_test(write__more_slices_than_a_call_takes_leave_in_two),
        cmocka_unit_test(write__to_one_who_has_closed_fails_without_a_signal),
        cmocka_unit_test(send_file__goes_on_from_where_it_stands_and_tells_its_end),
        cmocka_unit_test(send_file__to_one_who_has_closed_fails_without_a_signal),
        cmocka_unit_test(new__without_memory_leaves_the_descriptor_to_the_caller),
        cmocka_unit_test(prepare__neither_blocks_nor_is_inherited_nor_delays),
        cmocka_unit_test(is_local__loopback_and_unix_sockets_are),
        cmocka_unit_test(is_local__other_peers_are_not),
        cmocka_unit_test(is_local__a_mapped_loopback_address_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
