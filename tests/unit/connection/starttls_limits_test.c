/* SPDX-License-Identifier: MIT */
/* Time limits around STARTTLS. The server's TLS is in this very thread, and the time is a
 * parameter, so that a handshake takes as long as a test says. */
#include <sys/socket.h>
#include <unistd.h>

#include "unit/connection/pair.h"
#include "unit/transport/tls_pair.h"

enum {
    open_ms = 60000,
    read_ms = 500,
    handshake_ms = 400
};

/* A record may be read in pieces: the ends are a stream, of which neither waits for the other. */
static void use_stream(struct pair *pair)
{
    int fds[2];
    (void)close(pair->dialed);
    (void)close(pair->peer);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    pair->dialed = fds[0];
    pair->peer = fds[1];
}

static void set_up(struct pair *pair)
{
    pair_init(pair);
    use_stream(pair);
    assert_int_equal(ph_server_set_tls_mode(pair->server, PH_TLS_STARTTLS_ALWAYS), PH_OK);
    ph_tls_config *config = ph_server_tls_config(pair->server);
    assert_int_equal(ph_tls_config_set_ca_file(config, tls_pair_anchor()), PH_OK);
    assert_int_equal(ph_tls_config_set_hostname(config, "localhost"), PH_OK);
    assert_int_equal(ph_server_set_open_timeout(pair->server, open_ms), PH_OK);
    assert_int_equal(ph_server_set_read_timeout(pair->server, read_ms), PH_OK);
}

/* Both go on until the client has sent EHLO again, encrypted. */
static void shake(struct pair *pair, SSL *server)
{
    char line[256];
    for (int turns = 0; SSL_read(server, line, sizeof line) <= 0; turns++) {
        assert_true(turns < 10);
        pair_process(pair);
    }
    assert_memory_equal(line, "EHLO ", 5);
}

static void read_limit__does_not_count_the_handshake(void **state)
{
    (void)state;
    struct pair pair;
    set_up(&pair);
    pair_open(&pair);
    pair_say(&pair, "250-mx\r\n250 STARTTLS\r\n");
    assert_string_equal(pair_heard(&pair), "STARTTLS\r\n");
    pair_say(&pair, "220 go on\r\n");
    SSL_CTX *ctx = tls_pair_new_server_context(TLS1_3_VERSION);
    SSL *server = SSL_new(ctx);
    assert_int_equal(SSL_set_fd(server, pair.peer), 1);
    SSL_set_accept_state(server);
    pair.now_ms += handshake_ms;
    shake(&pair, server);
    assert_int_equal(ph_connection_deadline(pair.connection, pair.now_ms), pair.now_ms + read_ms);
    SSL_free(server);
    SSL_CTX_free(ctx);
    pair_end(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_limit__does_not_count_the_handshake),
    };
    return cmocka_run_group_tests(tests, tls_pair_set_up, tls_pair_tear_down);
}
