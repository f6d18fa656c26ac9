/* SPDX-License-Identifier: MIT */
/* ph_server: what its setters take, when they no longer do, and how long it lives. */
#include "unit/connection/pair.h"

#include <string.h>

#include "support/tls_setters.h"

static ph_server *new_server(struct test_allocator *test)
{
    ph_server *server;
    test_allocator_init(test);
    assert_int_equal(ph_server_new("mx.example.net", 0, &test->allocator, &server), PH_OK);
    return server;
}

static void addresses__are_checked(void **state)
{
    static const struct {
        const char *address;
        int port;
        int status;
    } rows[] = {
        {"mx.example.net", 1, PH_OK},
        {"[::1]", 65535, PH_OK},
        {"unix:/run/mx", PH_PORT_INFERRED, PH_OK},
        {"mx.example.net", 65536, PH_ERR_ARGUMENT},
        {"mx.example.net", -2, PH_ERR_ARGUMENT},
        {"", 25, PH_ERR_ARGUMENT},
        {NULL, 25, PH_ERR_ARGUMENT},
        {"a b", 25, PH_ERR_ARGUMENT},
        {"a\nb", 25, PH_ERR_ARGUMENT},
    };
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        ph_server *server;
        assert_int_equal(ph_server_new(rows[i].address, rows[i].port, NULL, &server),
                         rows[i].status);
        assert_true((server != NULL) == (rows[i].status == PH_OK));
        ph_server_free(server);
    }
}

static void port__is_inferred_from_tls_and_login(void **state)
{
    (void)state;
    ph_server *server;
    assert_int_equal(ph_server_new("mx", PH_PORT_INFERRED, NULL, &server), PH_OK);
    assert_string_equal(ph_server_address(server), "mx");
    assert_int_equal(ph_server_port(server), 25);
    assert_int_equal(ph_server_set_login(server, "user", "secret", NULL), PH_OK);
    assert_int_equal(ph_server_port(server), 587);
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_IMPLICIT), PH_OK);
    assert_int_equal(ph_server_port(server), 465);
    ph_server_free(server);
}

static void setters__refuse_what_makes_no_sense(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_server *server = new_server(&test);
    assert_int_equal(ph_server_set_tls_mode(server, (ph_tls_mode)4), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_helo(server, "two words"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_helo(server, ""), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_login(server, "user", NULL, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_login(server, NULL, "secret", NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_login(server, "user", "a\nb", NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_login(server, "user", "secret", "NONE"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_authorization_id(server, ""), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_bind_address(server, "mx.example.net"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_features(server, 8, false), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_window(server, 0, 0), PH_ERR_ARGUMENT);
    assert_int_equal(ph_server_set_window(server, 1001, 0), PH_ERR_ARGUMENT);
    ph_server_free(server);
    assert_int_equal(test.live_blocks, 0);
}

static void features__are_turned_off_and_on(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_server *server = new_server(&test);
    assert_int_equal(ph_server_features(server), 7);
    assert_int_equal(
        ph_server_set_features(server, PH_FEATURE_CHUNKING | PH_FEATURE_OVERLAP, false), PH_OK);
    assert_int_equal(ph_server_features(server), PH_FEATURE_PIPELINING);
    assert_int_equal(ph_server_set_features(server, PH_FEATURE_CHUNKING, true), PH_OK);
    assert_int_equal(ph_server_features(server), PH_FEATURE_PIPELINING | PH_FEATURE_CHUNKING);
    ph_server_free(server);
}

static void feature_that_is_off__is_not_used(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    assert_int_equal(ph_server_set_features(p.server, PH_FEATURE_PIPELINING, false), PH_OK);
    pair_open(&p);
    pair_say(&p, "250-mx\r\n250 PIPELINING\r\n");
    pair_expect(&p, PH_EVENT_READY, PH_OK);
    ph_message *message = pair_message(&p);
    assert_int_equal(ph_connection_send(p.connection, message, NULL), PH_OK);
    pair_expect_none(&p);
    assert_string_equal(pair_heard(&p), MAIL);
    ph_message_free(message);
    pair_end(&p);
}

static void window__makes_room(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    assert_int_equal(ph_server_set_window(p.server, 50, 1000000), PH_OK);
    pair_open(&p);
    assert_int_equal(ph_connection_room(p.connection), 50);
    pair_end(&p);
}

static int no_dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data)
{
    (void)address;
    (void)port;
    (void)timeout_ms;
    (void)fd;
    (void)user_data;
    return 1;
}

static void first_use__freezes(void **state)
{
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_open(&p);
    ph_server *server = p.server;
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_OFF), PH_ERR_STATE);
    assert_int_equal(ph_server_set_helo(server, "a"), PH_ERR_STATE);
    assert_int_equal(ph_server_set_esmtp(server, false), PH_ERR_STATE);
    assert_int_equal(ph_server_set_login(server, NULL, NULL, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_set_authorization_id(server, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_add_mechanism(server, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_set_allow_plaintext_auth(server, true), PH_ERR_STATE);
    assert_int_equal(ph_server_set_open_timeout(server, 1), PH_ERR_STATE);
    assert_int_equal(ph_server_set_read_timeout(server, 1), PH_ERR_STATE);
    assert_int_equal(ph_server_set_write_timeout(server, 1), PH_ERR_STATE);
    assert_int_equal(ph_server_set_reply_timeout(server, 1), PH_ERR_STATE);
    assert_int_equal(ph_server_set_bind_address(server, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_set_dial(server, no_dial, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_set_features(server, 7, true), PH_ERR_STATE);
    assert_int_equal(ph_server_set_window(server, 2, 0), PH_ERR_STATE);
    assert_int_equal(ph_server_set_trace(server, NULL, NULL), PH_ERR_STATE);
    assert_int_equal(ph_server_set_trace_file(server, NULL), PH_ERR_STATE);
    pair_end(&p);
}

static void first_connection__freezes_tls_settings(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_server *server = new_server(&test);
    ph_connection *connection;
    assert_int_equal(ph_tls_config_set_verify(ph_server_tls_config(server), true), PH_OK);
    assert_int_equal(ph_server_set_dial(server, no_dial, NULL), PH_OK);
    assert_int_equal(ph_connection_new(server, 1000, &connection), PH_OK);
    all_tls_setters_return(ph_server_tls_config(server), PH_ERR_STATE);
    ph_connection_free(connection);
    all_tls_setters_return(ph_server_tls_config(server), PH_ERR_STATE);
    ph_server_free(server);
    assert_int_equal(test.live_blocks, 0);
}

static void first_message_in_a_pool__freezes_everything(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_server *server = new_server(&test);
    ph_pool *pool;
    ph_message *message;
    assert_int_equal(ph_pool_new(&test.allocator, &pool), PH_OK);
    assert_int_equal(ph_message_new(&test.allocator, &message), PH_OK);
    assert_int_equal(ph_tls_config_set_verify(ph_server_tls_config(server), true), PH_OK);
    assert_int_equal(ph_pool_add(pool, server, message, NULL), PH_OK);
    all_tls_setters_return(ph_server_tls_config(server), PH_ERR_STATE);
    assert_int_equal(ph_server_set_esmtp(server, false), PH_ERR_STATE);
    ph_pool_free(pool);
    all_tls_setters_return(ph_server_tls_config(server), PH_ERR_STATE);
    ph_message_free(message);
    ph_server_free(server);
    assert_int_equal(test.live_blocks, 0);
}

static void trace_file__gets_lines_with_arrows(void **state)
{
    (void)state;
    char text[1024] = "";
    struct pair p;
    FILE *file = tmpfile();
    assert_non_null(file);
    pair_init(&p);
    assert_int_equal(ph_server_set_trace_file(p.server, file), PH_OK);
    pair_open(&p);
    pair_end(&p);
    rewind(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    assert_non_null(strstr(text, "-- Connection opened: "));
    assert_non_null(strstr(text, "\n-> 220 "));
    assert_non_null(strstr(text, "\n<- EHLO "));
    assert_int_equal(fclose(file), 0);
}

static void no_trace_file__is_no_trace(void **state)
{
    (void)state;
    struct pair p;
    FILE *file = tmpfile();
    assert_non_null(file);
    pair_init(&p);
    assert_int_equal(ph_server_set_trace_file(p.server, file), PH_OK);
    assert_int_equal(ph_server_set_trace_file(p.server, NULL), PH_OK);
    pair_open(&p);
    pair_end(&p);
    assert_int_equal(ftell(file), 0);
    assert_int_equal(fclose(file), 0);
}

/* The caller's part is given up while two connections still use it. */
static void server__lives_as_long_as_its_users(void **state)
{
    (void)state;
    struct test_allocator test;
    ph_server *server = new_server(&test);
    ph_connection *connections[2];
    test.secret = "correct horse";
    assert_int_equal(ph_server_set_dial(server, no_dial, NULL), PH_OK);
    assert_int_equal(ph_server_set_login(server, "user", "wrong horse", NULL), PH_OK);
    assert_int_equal(ph_server_set_login(server, "user", "correct horse", NULL), PH_OK);
    for (size_t i = 0; i < ROWS(connections); i++)
        assert_int_equal(ph_connection_new(server, 1000, &connections[i]), PH_OK);
    ph_server_free(server);
    for (size_t i = 0; i < ROWS(connections); i++) {
        ph_event event;
        ph_connection_process(connections[i], NULL, 0, 1000);
        assert_true(ph_connection_next_event(connections[i], &event));
        assert_int_equal(event.type, PH_EVENT_CLOSED);
        assert_int_equal(event.status, PH_ERR_IO);
        ph_connection_free(connections[i]);
    }
    assert_int_equal(test.live_blocks, 0);
    assert_false(test.has_released_secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses__are_checked),
        cmocka_unit_test(port__is_inferred_from_tls_and_login),
        cmocka_unit_test(setters__refuse_what_makes_no_sense),
        cmocka_unit_test(features__are_turned_off_and_on),
        cmocka_unit_test(feature_that_is_off__is_not_used),
        cmocka_unit_test(window__makes_room),
        cmocka_unit_test(first_use__freezes),
        cmocka_unit_test(first_connection__freezes_tls_settings),
        cmocka_unit_test(first_message_in_a_pool__freezes_everything),
        cmocka_unit_test(trace_file__gets_lines_with_arrows),
        cmocka_unit_test(no_trace_file__is_no_trace),
        cmocka_unit_test(server__lives_as_long_as_its_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
