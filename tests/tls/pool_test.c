/* SPDX-License-Identifier: MIT */
/* TLS sessions of a pool's connections: kept for each server, and resumed. */
#include "fault/client_test.h"

#include <stdio.h>

/* The folder of tests/tls/make-certificates. */
static const char *certificates;

static const struct step takes_one[] = {
    {STEP_TLS, NULL}, GREETED, TO_CONTENT, {STEP_HEAR_TO_DOT, NULL}, {STEP_SAY, "250 queued\r\n"},
    SAID_GOODBYE};

enum {
    servers = 2,
    messages_each = 3
};

static ph_server *new_server(int port, const char *ca)
{
    ph_server *server;
    assert_int_equal(ph_server_new("localhost", port, NULL, &server), PH_OK);
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_IMPLICIT), PH_OK);
    assert_int_equal(ph_tls_config_set_ca_file(ph_server_tls_config(server), ca), PH_OK);
    return server;
}

/* A connection a message: of each server's, all but the first go on with the session before. */
static void sessions__are_resumed_per_server(void **state)
{
    (void)state;
    char certificate[512];
    char key[512];
    char ca[512];
    (void)snprintf(certificate, sizeof certificate, "%s/server.crt", certificates);
    (void)snprintf(key, sizeof key, "%s/server.key", certificates);
    (void)snprintf(ca, sizeof ca, "%s/ca.crt", certificates);
    const struct server_settings settings = {.steps = takes_one,
                                             .certificate = certificate,
                                             .key = key,
                                             .clients = (size_t)servers * messages_each};
    struct scripted_server *peer = scripted_server_start(&settings);
    ph_pool *pool;
    ph_server *server[servers];
    ph_message *message;
    assert_int_equal(ph_pool_new(NULL, &pool), PH_OK);
    ph_pool_set_messages_per_connection(pool, 1);
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_message_set_from(message, "a@example.org"), PH_OK);
    assert_int_equal(ph_message_add_recipient(message, "b@example.org"), PH_OK);
    for (size_t i = 0; i < servers; i++)
        server[i] = new_server(scripted_server_port(peer), ca);
    for (size_t n = 0; n < (size_t)servers * messages_each; n++) {
        assert_int_equal(ph_pool_add(pool, server[n % servers], message, NULL), PH_OK);
        assert_true(ph_pool_run(pool, 20000));
    }
    ph_pool_close(pool);
    assert_true(ph_pool_run(pool, 20000));
    ph_pool_statistics all;
    ph_pool_get_statistics(pool, &all, sizeof all);
    assert_int_equal(all.sent, servers * messages_each);
    assert_int_equal(all.tls_handshakes, servers * messages_each);
    assert_int_equal(all.tls_resumed, servers * (messages_each - 1));
    ph_pool_free(pool);
    ph_message_free(message);
    for (size_t i = 0; i < servers; i++)
        ph_server_free(server[i]);
    const char *problem = scripted_server_stop(peer);
    if (problem)
        fail_msg("%s", problem);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CERTIFICATES\n", argv[0]);
        return 64;
    }
    certificates = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions__are_resumed_per_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
