/* SPDX-License-Identifier: MIT */
/* Ways to a server: names, addresses, Unix sockets, a bind address, a dial function; and those that
 * lead nowhere. */
#include "fault/client_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct step greets[] = {GREETED, SAID_GOODBYE};

/* ---- Addresses ------------------------------------------------------------------------------- */

static void check_reaches(const char *address)
{
    struct scripted_server *server = play(greets);
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new(address, scripted_server_port(server), NULL, &smtp), PH_OK);
    const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    if (status != PH_OK)
        fail_msg("%s: %s", address, ph_smtp_error(smtp)->message);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

/* The server listens on IPv4 alone: localhost is tried on IPv6 first, and goes on. */
static void address__names_and_numbers_are_reached(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1", "localhost", "LOCALHOST",
                                            "mail.localhost"};
    for (size_t i = 0; i < ROWS(addresses); i++)
        check_reaches(addresses[i]);
}

static void address__malformed_ones_are_refused_before_anything_opens(void **state)
{
    (void)state;
    static const char *const refused[] = {"", "a b", "a\r\nQUIT"};
    ph_smtp *smtp;
    for (size_t i = 0; i < ROWS(refused); i++)
        assert_int_equal(ph_smtp_new(refused[i], 25, NULL, &smtp), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_new(NULL, 25, NULL, &smtp), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_new("mx", 65536, NULL, &smtp), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_new("mx", -2, NULL, &smtp), PH_ERR_ARGUMENT);
    assert_null(smtp);
}

static int start_at(const char *address, int port, const char *bind_address, const char *says)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new(address, port, NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_set_bind_address(smtp, bind_address), PH_OK);
    const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    if (!strstr(ph_smtp_error(smtp)->message, says))
        fail_msg("%s: \"%s\" does not say \"%s\"", address, ph_smtp_error(smtp)->message, says);
    ph_smtp_free(smtp);
    return status;
}

/* @return a port of loopback where nobody listens */
static int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}

static void address__those_that_lead_nowhere_say_why(void **state)
{
    (void)state;
    const int port = free_port();
    assert_int_equal(start_at("127.0.0.1", port, NULL, "127.0.0.1: Connection refused"), PH_ERR_IO);
    assert_int_equal(start_at("localhost", port, NULL, "127.0.0.1: Connection refused"), PH_ERR_IO);
    assert_int_equal(start_at("unix:/nonexistent/socket", 0, NULL, "No such file"), PH_ERR_IO);
    assert_int_equal(start_at("unix:", 0, NULL, "path of a Unix socket"), PH_ERR_ARGUMENT);
    assert_int_equal(start_at("[not-an-address]", port, NULL, "brackets"), PH_ERR_ARGUMENT);
    assert_int_equal(start_at("b\xc3\xbc\xff.example", port, NULL, "is no host name"),
                     PH_ERR_ARGUMENT);
    assert_int_equal(start_at("127.0.0.1", port, "::1", "bind address"), PH_ERR_ARGUMENT);
    assert_int_equal(start_at("127.0.0.1", port, "192.0.2.1", "127.0.0.1: Cannot assign"),
                     PH_ERR_IO);
}

static void bind_address__only_addresses_are_taken(void **state)
{
    (void)state;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("localhost", 0, NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_set_bind_address(smtp, "localhost"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_set_bind_address(smtp, "127.0.0.1"), PH_OK);
    assert_int_equal(ph_smtp_set_bind_address(smtp, "::1"), PH_OK);
    assert_int_equal(ph_smtp_set_bind_address(smtp, NULL), PH_OK);
    ph_smtp_free(smtp);
}

static void port__is_inferred_when_asked_for(void **state)
{
    (void)state;
    const struct {
        bool tls;
        const char *user;
        int port;
    } cases[] = {{false, NULL, 25}, {false, "u", 587}, {true, NULL, 465}, {true, "u", 465}};
    for (size_t i = 0; i < ROWS(cases); i++) {
        ph_smtp *smtp;
        assert_int_equal(ph_smtp_new("unix:/nonexistent", PH_PORT_INFERRED, NULL, &smtp), PH_OK);
        if (cases[i].tls)
            assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
        assert_int_equal(ph_smtp_start(smtp, NULL, cases[i].user, cases[i].user, NULL), PH_ERR_IO);
        assert_int_equal(ph_smtp_port(smtp), cases[i].port);
        ph_smtp_free(smtp);
    }
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("mx", 0, NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
    assert_int_equal(ph_smtp_port(smtp), 25);
    ph_smtp_free(smtp);
}

/* ---- One connection by hand ------------------------------------------------------------------ */

/* Serves one session on the descriptor that it is handed. */
static void *serve_fd(void *argument)
{
    static const char *const says[] = {"220 mx\r\n", "250-mx\r\n250 AUTH PLAIN\r\n", "235 ok\r\n",
                                       "221 bye\r\n"};
    const int fd = *(int *)argument;
    char line[512];
    for (size_t i = 0; i < ROWS(says); i++) {
        (void)send(fd, says[i], strlen(says[i]), MSG_NOSIGNAL);
        if (recv(fd, line, sizeof line, 0) <= 0)
            break;
    }
    (void)close(fd);
    return NULL;
}

static void *serve_listener(void *argument)
{
    int fd = accept(*(int *)argument, NULL, NULL);
    return serve_fd(&fd);
}

/* A password may go through a Unix socket: nobody is on the way. */
static void unix_socket__is_reached_and_local(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/posthaste-test-XXXXXX";
    char text[128];
    pthread_t thread;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", directory);
    (void)snprintf(text, sizeof text, "unix:%s", address.sun_path);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve_listener, &listener), 0);
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_open(text, 0, NULL, "user", "secret", NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    (void)pthread_join(thread, NULL);
    (void)close(listener);
    (void)unlink(address.sun_path);
    (void)rmdir(directory);
}

struct dialed {
    int fd;
    int failure;
    int port;
};

static int dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    struct dialed *dialed = user_data;
    assert_string_equal(address, "nowhere.invalid");
    assert_int_equal(timeout_ms, 30000);
    dialed->port = port;
    *fd = dialed->fd;
    return dialed->failure;
}

static void dial__gives_the_socket(void **state)
{
    (void)state;
    int fds[2];
    pthread_t thread;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_int_equal(pthread_create(&thread, NULL, serve_fd, &fds[1]), 0);
    struct dialed dialed = {.fd = fds[0]};
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("nowhere.invalid", 2525, NULL, &smtp), PH_OK);
    ph_smtp_set_dial(smtp, dial, &dialed);
    assert_int_equal(ph_smtp_start(smtp, NULL, "user", "secret", NULL), PH_OK);
    assert_int_equal(dialed.port, 2525);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    (void)pthread_join(thread, NULL);
}

static void dial__a_failure_is_told(void **state)
{
    (void)state;
    struct dialed dialed = {.fd = -1, .failure = ENETUNREACH};
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("nowhere.invalid", 2525, NULL, &smtp), PH_OK);
    ph_smtp_set_dial(smtp, dial, &dialed);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_ERR_IO);
    assert_int_equal(ph_smtp_error(smtp)->system_errno, ENETUNREACH);
    assert_int_equal(ph_smtp_error(smtp)->phase, PH_PHASE_CONNECT);
    ph_smtp_free(smtp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(address__names_and_numbers_are_reached),
        cmocka_unit_test(address__malformed_ones_are_refused_before_anything_opens),
        cmocka_unit_test(address__those_that_lead_nowhere_say_why),
        cmocka_unit_test(bind_address__only_addresses_are_taken),
        cmocka_unit_test(port__is_inferred_when_asked_for),
        cmocka_unit_test(unix_socket__is_reached_and_local),
        cmocka_unit_test(dial__gives_the_socket),
        cmocka_unit_test(dial__a_failure_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
