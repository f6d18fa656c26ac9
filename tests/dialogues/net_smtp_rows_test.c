/* SPDX-License-Identifier: MIT */
/*
 * The rows of docs/net-smtp.md that no transcript can show: defaults, setters, constants, objects.
 * Each test names its rows.
 */
#include "unit/base/test.h"

#include <string.h>

#include <posthaste/posthaste.h>

static ph_smtp *new_client(void)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("mx.example.net", 0, NULL, &smtp), PH_OK);
    return smtp;
}

/* row 1 */
static void ports__are_the_well_known_ones(void **state)
{
    (void)state;
    assert_int_equal(PH_PORT_SMTP, 25);
    assert_int_equal(PH_PORT_SUBMISSION, 587);
    assert_int_equal(PH_PORT_SUBMISSIONS, 465);
}

/* rows 2 to 4: nothing opens, port 25 whatever the TLS mode, the defaults */
static void new__has_the_defaults(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    assert_string_equal(ph_smtp_address(smtp), "mx.example.net");
    assert_int_equal(ph_smtp_port(smtp), 25);
    assert_true(ph_smtp_esmtp(smtp));
    assert_false(ph_smtp_started(smtp));
    assert_null(ph_smtp_capabilities(smtp));
    assert_int_equal(ph_smtp_open_timeout(smtp), 30000);
    assert_int_equal(ph_smtp_read_timeout(smtp), 60000);
    assert_int_equal(ph_smtp_write_timeout(smtp), 60000);
    assert_null(ph_smtp_error(smtp));
    assert_null(ph_smtp_reply(smtp));
    assert_null(ph_smtp_result(smtp));
    assert_false(ph_smtp_tls(smtp));
    assert_int_equal(ph_smtp_starttls_mode(smtp), PH_STARTTLS_AUTO);
    assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
    assert_int_equal(ph_smtp_port(smtp), 25);
    ph_smtp_free(smtp);
}

/* rows 5 to 7 */
static void settings__are_kept(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    ph_smtp_set_esmtp(smtp, false);
    ph_smtp_set_open_timeout(smtp, 1);
    ph_smtp_set_read_timeout(smtp, 2);
    ph_smtp_set_write_timeout(smtp, 3);
    ph_smtp_set_reply_timeout(smtp, 4);
    assert_false(ph_smtp_esmtp(smtp));
    assert_int_equal(ph_smtp_open_timeout(smtp), 1);
    assert_int_equal(ph_smtp_read_timeout(smtp), 2);
    assert_int_equal(ph_smtp_write_timeout(smtp), 3);
    assert_int_equal(ph_smtp_reply_timeout(smtp), 4);
    ph_smtp_free(smtp);
}

/* row 8, row 14: verification is on, each client has settings of its own */
static void tls_config__belongs_to_its_client(void **state)
{
    (void)state;
    ph_smtp *one = new_client();
    ph_smtp *other = new_client();
    ph_tls_config *config = ph_smtp_tls_config(one);
    assert_true(ph_tls_config_verify(config));
    assert_null(ph_tls_config_hostname(config));
    ph_tls_config_set_verify(config, false);
    assert_int_equal(ph_tls_config_set_hostname(config, "other.example"), PH_OK);
    assert_int_equal(ph_tls_config_set_hostname(config, ""), PH_ERR_ARGUMENT);
    assert_int_equal(ph_tls_config_set_hostname(config, "a\nb"), PH_ERR_ARGUMENT);
    assert_string_equal(ph_tls_config_hostname(config), "other.example");
    assert_true(ph_tls_config_verify(ph_smtp_tls_config(other)));
    assert_null(ph_tls_config_hostname(ph_smtp_tls_config(other)));
    ph_smtp_free(other);
    ph_smtp_free(one);
}

/* rows 9 to 13: implicit TLS and STARTTLS always exclude one another, auto gives way */
static void tls_modes__exclude_each_other(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    assert_int_equal(ph_smtp_enable_starttls(smtp), PH_OK);
    assert_true(ph_smtp_starttls_always(smtp));
    assert_int_equal(ph_smtp_enable_tls(smtp), PH_ERR_ARGUMENT);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "exclusive"));
    assert_false(ph_smtp_tls(smtp));
    assert_int_equal(ph_smtp_enable_starttls_auto(smtp), PH_OK);
    assert_true(ph_smtp_starttls_auto(smtp));
    assert_false(ph_smtp_starttls_always(smtp));
    assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
    assert_int_equal(ph_smtp_enable_starttls(smtp), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_enable_starttls_auto(smtp), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_disable_starttls(smtp), PH_OK);
    assert_int_equal(ph_smtp_starttls_mode(smtp), PH_STARTTLS_OFF);
    assert_true(ph_smtp_tls(smtp));
    assert_int_equal(ph_smtp_disable_tls(smtp), PH_OK);
    assert_false(ph_smtp_tls(smtp));
    ph_smtp_free(smtp);
}

/* row 15 */
static void description__names_the_server(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    assert_string_equal(ph_smtp_description(smtp), "posthaste mx.example.net:25 started=false");
    ph_smtp_free(smtp);
}

/* row 17 */
static void version__is_the_headers(void **state)
{
    (void)state;
    assert_string_equal(ph_version(), PH_VERSION_STRING);
}

/* row 18: the client is given out although the start failed */
static void open__gives_the_client_that_failed(void **state)
{
    (void)state;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_open("unix:/nonexistent/socket", 0, NULL, NULL, NULL, NULL, &smtp),
                     PH_ERR_IO);
    assert_non_null(smtp);
    assert_non_null(strstr(ph_smtp_error(smtp)->message, "unix:/nonexistent/socket"));
    ph_smtp_free(smtp);
    assert_int_equal(ph_smtp_open("", 0, NULL, NULL, NULL, NULL, &smtp), PH_ERR_ARGUMENT);
    assert_null(smtp);
}

static int note_that_it_ran(ph_smtp *smtp, void *user_data)
{
    (void)smtp;
    *(bool *)user_data = true;
    return 7;
}

/* row 19: the body does not run when the start failed */
static void scoped__does_not_run_without_a_session(void **state)
{
    (void)state;
    ph_smtp *smtp;
    bool has_run = false;
    assert_int_equal(ph_smtp_new("unix:/nonexistent/socket", 0, NULL, &smtp), PH_OK);
    assert_int_equal(ph_smtp_start_scoped(smtp, NULL, NULL, NULL, NULL, note_that_it_ran, &has_run),
                     PH_ERR_IO);
    assert_false(has_run);
    ph_smtp_free(smtp);
}

/* row 31: tests/tls/tls_matrix_test.c; here: the trust anchors can be set */
/* row 34: tests/fault/connecting_test.c shows the dial function */

/* rows 36 to 40: without a session nothing is known */
static void capable__is_unknown_without_a_session(void **state)
{
    (void)state;
    ph_smtp *smtp = new_client();
    assert_int_equal(ph_smtp_capable(smtp, "SIZE"), -1);
    assert_int_equal(ph_smtp_auth_capable(smtp, "PLAIN"), -1);
    assert_int_equal(ph_smtp_capable_starttls(smtp), -1);
    assert_int_equal(ph_smtp_capable_plain_auth(smtp), -1);
    assert_int_equal(ph_smtp_capable_login_auth(smtp), -1);
    assert_int_equal(ph_smtp_capable_cram_md5_auth(smtp), -1);
    ph_smtp_free(smtp);
}

/* row 47: tests/fault/content_faults_test.c, open_stream__finish_aborts_the_message */

/* row 59 */
static void address__has_parameters_in_order(void **state)
{
    (void)state;
    ph_address *address;
    ph_address *copy;
    char text[16];
    assert_int_equal(ph_address_new("<a@example.org>", NULL, &address), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "RET", "HDRS"), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "REQUIRETLS", NULL), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "RET", "HDRS"), PH_OK);
    assert_int_equal(ph_address_add_parameter(address, "X Y", NULL), PH_ERR_ARGUMENT);
    assert_int_equal(ph_address_add_parameter(address, "X", "a b"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_address_copy(address, &copy), PH_OK);
    ph_address_free(address);
    assert_string_equal(ph_address_mailbox(copy), "a@example.org");
    assert_int_equal(ph_address_parameter_count(copy), 2);
    assert_string_equal(ph_address_parameter(copy, 0), "RET=HDRS");
    assert_string_equal(ph_address_parameter(copy, 1), "REQUIRETLS");
    ph_address_free(copy);
    assert_int_equal(ph_xtext_encode("a+b=c d", text, sizeof text), 13);
    assert_string_equal(text, "a+2Bb+3Dc+20d");
}

/* row 67: every dialogue that goes on after 2yz and 3yz; row 74:
 * tests/fault/session_faults_test.c, broken_session__can_only_fail_and_be_started_anew */

/* row 78: a client can be started anew, and nothing of the last attempt persists */
static void start__can_be_tried_again(void **state)
{
    (void)state;
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new("unix:/nonexistent/socket", 0, NULL, &smtp), PH_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_ERR_IO);
        assert_false(ph_smtp_started(smtp));
        assert_true(ph_smtp_esmtp(smtp));
        assert_int_equal(ph_smtp_finish(smtp), PH_ERR_STATE);
    }
    ph_smtp_free(smtp);
}

/* row 84: tests/unit/base/mechanism_response_test.c shows the limit of 12288 octets */

/* row 88 */
static int begin(const ph_credentials *credentials, void *user_data, void **exchange)
{
    (void)credentials;
    (void)user_data;
    (void)exchange;
    return PH_OK;
}

static int step(void *exchange, const void *challenge, size_t n, ph_mechanism_response *response)
{
    (void)exchange;
    (void)challenge;
    (void)n;
    ph_mechanism_complete(response);
    return ph_mechanism_respond(response, "x", 1);
}

static void end(void *exchange)
{
    (void)exchange;
}

static void mechanism__of_a_program_is_checked_and_taken(void **state)
{
    (void)state;
    const ph_mechanism good = {"X-OWN", PH_MECHANISM_CLIENT_FIRST, begin, step, end, NULL};
    const ph_mechanism nameless = {"", 0, begin, step, end, NULL};
    const ph_mechanism powerless = {"X-OWN", 0, begin, NULL, end, NULL};
    ph_smtp *smtp = new_client();
    assert_int_equal(ph_smtp_add_mechanism(smtp, &nameless), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_add_mechanism(smtp, &powerless), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_start(smtp, NULL, "u", "s", "x_own"), PH_ERR_ARGUMENT);
    assert_int_equal(ph_smtp_add_mechanism(smtp, &good), PH_OK);
    ph_smtp_free(smtp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports__are_the_well_known_ones),
        cmocka_unit_test(new__has_the_defaults),
        cmocka_unit_test(settings__are_kept),
        cmocka_unit_test(tls_config__belongs_to_its_client),
        cmocka_unit_test(tls_modes__exclude_each_other),
        cmocka_unit_test(description__names_the_server),
        cmocka_unit_test(version__is_the_headers),
        cmocka_unit_test(open__gives_the_client_that_failed),
        cmocka_unit_test(scoped__does_not_run_without_a_session),
        cmocka_unit_test(capable__is_unknown_without_a_session),
        cmocka_unit_test(address__has_parameters_in_order),
        cmocka_unit_test(start__can_be_tried_again),
        cmocka_unit_test(mechanism__of_a_program_is_checked_and_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
