/* SPDX-License-Identifier: MIT */
/* The ph_server that a blocking client has of its own. */
#include "fault/client_test.h"

#include <string.h>

#include <posthaste/connection.h>
#include <posthaste/pool.h>

#include "support/tls_setters.h"

static const struct step plays_login[] = {{STEP_SAY, "220 mx.example.net ready\r\n"},
                                          {STEP_HEAR, "EHLO "},
                                          {STEP_SAY, "250-mx\r\n250 AUTH PLAIN\r\n"},
                                          {STEP_HEAR, "AUTH PLAIN "},
                                          {STEP_SAY, "235 welcome\r\n"},
                                          SAID_GOODBYE};

static ph_smtp *new_client(void)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("mx.example.net", PH_PORT_INFERRED, NULL, &smtp), PH_OK);
    return smtp;
}

static void settings__are_the_client_s(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    ph_server *server = ph_smtp_server(smtp);
    assert_ptr_equal(ph_server_tls_config(server), ph_smtp_tls_config(smtp));
    assert_string_equal(ph_server_address(server), "mx.example.net");
    assert_int_equal(ph_server_set_read_timeout(server, 7), PH_OK);
    assert_int_equal(ph_smtp_read_timeout(smtp), 7);
    ph_smtp_set_esmtp(smtp, false);
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_STARTTLS_ALWAYS), PH_OK);
    assert_true(ph_smtp_starttls_always(smtp));
    assert_int_equal(ph_server_set_tls_mode(server, PH_TLS_IMPLICIT), PH_OK);
    assert_true(ph_smtp_tls(smtp));
    assert_int_equal(ph_server_port(server), PH_PORT_SUBMISSIONS);
    ph_smtp_free(smtp);
}

static void nobody_else__uses_it(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    ph_server *server = ph_smtp_server(smtp);
    ph_connection *connection;
    ph_pool *pool;
    ph_message *message;
    assert_int_equal(ph_connection_new(server, 1000, &connection), PH_ERR_ARGUMENT);
    assert_null(connection);
    assert_int_equal(ph_pool_new(NULL, &pool), PH_OK);
    assert_int_equal(ph_message_new(NULL, &message), PH_OK);
    assert_int_equal(ph_pool_add(pool, server, message, NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_pool_unfinished(pool), 0);
    ph_message_free(message);
    ph_pool_free(pool);
    ph_server_free(server); /* does nothing */
    assert_int_equal(ph_server_set_helo(server, "client.example.org"), PH_OK);
    ph_smtp_free(smtp);
}

/* Starts with these, and ends. @return what the server heard */
static const char *hear_start(ph_smtp *smtp, struct scripted_server *server, const char *helo,
                              const char *user, const char *secret)
{
    assert_int_equal(ph_smtp_start(smtp, helo, user, secret, NULL), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
    return scripted_server_heard();
}

static void start__uses_the_name_and_login_that_are_set(void **state)
{
    (void)state;
    struct scripted_server *server = play(plays_login);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_server_set_helo(ph_smtp_server(smtp), "set.example.org"), PH_OK);
    assert_int_equal(ph_server_set_login(ph_smtp_server(smtp), "user", "secret", NULL), PH_OK);
    assert_string_equal(hear_start(smtp, server, NULL, NULL, NULL),
                        "EHLO set.example.org\nAUTH PLAIN AHVzZXIAc2VjcmV0\nQUIT\n");
}

static void start__goes_before_what_is_set(void **state)
{
    (void)state;
    struct scripted_server *server = play(plays_login);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_server_set_helo(ph_smtp_server(smtp), "set.example.org"), PH_OK);
    assert_int_equal(ph_server_set_login(ph_smtp_server(smtp), "x", "y", NULL), PH_OK);
    assert_string_equal(hear_start(smtp, server, "mine.example.org", "user", "secret"),
                        "EHLO mine.example.org\nAUTH PLAIN AHVzZXIAc2VjcmV0\nQUIT\n");
}

static void what_one_start_is_given__is_not_kept(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, SAID_GOODBYE};
    struct scripted_server *server =
        scripted_server_start(&(struct server_settings){.steps = steps, .clients = 2});
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, "first.example.org", NULL, NULL, NULL), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    assert_string_equal(hear_start(smtp, server, NULL, NULL, NULL),
                        "EHLO first.example.org\nQUIT\nEHLO localhost\nQUIT\n");
}

static void tls_settings__may_change_between_starts(void **state)
{
    (void)state;
    static const struct step steps[] = {GREETED, SAID_GOODBYE};
    struct scripted_server *server = play(steps);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    all_tls_setters_return(ph_smtp_tls_config(smtp), PH_OK);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    all_tls_setters_return(ph_smtp_tls_config(smtp), PH_OK);
    assert_false(ph_tls_config_verify(ph_smtp_tls_config(smtp)));
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

static void a_login_that_is_set_and_refused__ends_the_start(void **state)
{
    (void)state;
    static const struct step steps[] = {{STEP_SAY, "220 mx.example.net ready\r\n"},
                                        {STEP_HEAR, "EHLO "},
                                        {STEP_SAY, "250-mx\r\n250 AUTH PLAIN\r\n"},
                                        {STEP_HEAR, "AUTH PLAIN "},
                                        {STEP_SAY, "535 5.7.8 no\r\n"},
                                        {STEP_HEAR_TO_END, NULL},
                                        {STEP_END, NULL}};
    struct scripted_server *server = play(steps);
    ph_smtp *smtp = client_of(server);
    assert_int_equal(ph_server_set_login(ph_smtp_server(smtp), "user", "secret", NULL), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_ERR_AUTHENTICATION);
    assert_int_equal(ph_smtp_error(smtp)->reply_code, 535);
    assert_false(ph_smtp_started(smtp));
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings__are_the_client_s),
        cmocka_unit_test(nobody_else__uses_it),
        cmocka_unit_test(start__uses_the_name_and_login_that_are_set),
        cmocka_unit_test(start__goes_before_what_is_set),
        cmocka_unit_test(what_one_start_is_given__is_not_kept),
        cmocka_unit_test(tls_settings__may_change_between_starts),
        cmocka_unit_test(a_login_that_is_set_and_refused__ends_the_start),
    };
    return cmocka_run_group_tests_name("server of a client", tests, NULL, NULL);
}
