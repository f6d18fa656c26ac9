/* SPDX-License-Identifier: MIT */
/*
 * What becomes of a session when TLS is good, bad, missing or attacked: each server with the
 * status that a client must come to, and what its sentence must say.
 */
#include "unit/base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include <posthaste/openssl.h>
#include <posthaste/posthaste.h>

#include "support/scripted_server.h"

/* The folder of tests/tls/make-certificates. */
static const char *certificates;

static const struct step implicit[] = {
    {STEP_TLS, NULL},     {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "}, {STEP_SAY, "250-mx.example.net\r\n250 SIZE 1000\r\n"},
    {STEP_HEAR, "QUIT"},  {STEP_SAY, "221 bye\r\n"},
    {STEP_END, NULL},
};
static const struct step starttls[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250-PIPELINING\r\n250 STARTTLS\r\n"},
    {STEP_HEAR, "STARTTLS"},
    {STEP_SAY, "220 go ahead\r\n"},
    {STEP_TLS, NULL},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250 SIZE 1000\r\n"},
    {STEP_HEAR, "QUIT"},
    {STEP_SAY, "221 bye\r\n"},
    {STEP_END, NULL},
};
static const struct step not_offered[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250 SIZE 1000\r\n"},
    {STEP_HEAR_TO_END, NULL},
    {STEP_END, NULL},
};
static const struct step ehlo_unknown[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "502 what?\r\n"},
    {STEP_HEAR_TO_END, NULL},
    {STEP_END, NULL},
};
static const struct step refused[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250 STARTTLS\r\n"},
    {STEP_HEAR, "STARTTLS"},
    {STEP_SAY, "454 4.7.0 TLS not available\r\n"},
    {STEP_HEAR_TO_END, NULL},
    {STEP_END, NULL},
};
/* The reply to a command that was not sent yet, in the clear behind the 220. */
static const struct step injected[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250 STARTTLS\r\n"},
    {STEP_HEAR, "STARTTLS"},
    {STEP_SAY, "220 go ahead\r\n250-mx.evil.example\r\n250 AUTH PLAIN\r\n"},
    {STEP_HEAR_TO_END, NULL},
    {STEP_END, NULL},
};
static const struct step garbage_after_starttls[] = {
    {STEP_SAY, "220 mx.example.net ready\r\n"},
    {STEP_HEAR, "EHLO "},
    {STEP_SAY, "250-mx.example.net\r\n250 STARTTLS\r\n"},
    {STEP_HEAR, "STARTTLS"},
    {STEP_SAY, "220 go ahead\r\n"},
    {STEP_HEAR, ""},
    {STEP_SAY, "this is no TLS, and no SMTP\r\n"},
    {STEP_END, NULL},
};
static const struct step plain_greeting[] = {
    {STEP_SAY, "220 mx.example.net ESMTP ready\r\n"}, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
static const struct step http[] = {
    {STEP_SAY, "HTTP/1.1 400 Bad Request\r\n\r\n"}, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
static const struct step closes[] = {{STEP_SHUT, NULL}, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
static const struct step tls_alert[] = {
    {STEP_SAY, "\x15\x03\x01\x02\x02\x46\r\n"}, {STEP_HEAR_TO_END, NULL}, {STEP_END, NULL}};
/* Not at once: the connection itself must have been made. */
static const struct step resets[] = {{STEP_SLEEP, "50"}, {STEP_RESET, NULL}};

enum mode {
    IMPLICIT,
    ALWAYS,
    AUTO,
    OFF
};

struct row {
    const char *note;
    enum mode mode;
    const struct step *steps;
    const char *certificate; /* the server's; NULL: server */
    const char *ca;          /* what the client trusts; NULL: ca */
    const char *address;     /* NULL: localhost */
    const char *hostname;    /* to verify; NULL: the address */
    int max_version;
    int status;
    ph_phase phase;
    const char *says; /* in the error's sentence */
};

/* clang-format off */
static const struct row rows[] = {
    {"good, implicit", IMPLICIT, implicit, .status = PH_OK},
    {"good, STARTTLS always", ALWAYS, starttls, .status = PH_OK},
    {"good, STARTTLS auto", AUTO, starttls, .status = PH_OK},
    {"good, by IP address", IMPLICIT, implicit, .address = "127.0.0.1", .status = PH_OK},
    {"good, IP address alone in the certificate", ALWAYS, starttls, "ip-only", .address = "127.0.0.1", .status = PH_OK},
    {"good, with an intermediate", ALWAYS, starttls, "chained", .status = PH_OK},
    {"good, self-signed and trusted as it is", ALWAYS, starttls, "self-signed", "self-signed", .status = PH_OK},
    {"good, another name to verify", IMPLICIT, implicit, "wrong-host", .hostname = "mx.other.example", .status = PH_OK},
    {"good, wildcard", ALWAYS, starttls, "wildcard", .hostname = "mx.mail.example", .status = PH_OK},
    {"good, with a root dot", IMPLICIT, implicit, "wrong-host", .hostname = "mx.other.example.", .status = PH_OK},
    {"TLS 1.2", ALWAYS, starttls, .max_version = TLS1_2_VERSION, .status = PH_OK},

    {"expired", ALWAYS, starttls, "expired", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "expired on 2020-01-01"},
    {"expired, implicit", IMPLICIT, implicit, "expired", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "expired on 2020-01-01"},
    {"expired, auto does not fall back", AUTO, starttls, "expired", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "expired"},
    {"not yet valid", ALWAYS, starttls, "not-yet-valid", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "only from 2090-01-01"},
    {"wrong host", ALWAYS, starttls, "wrong-host", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "it is for mx.other.example and not for \"localhost\""},
    {"wrong host, implicit", IMPLICIT, implicit, "wrong-host", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "mx.other.example"},
    {"IP address in the certificate, name wanted", ALWAYS, starttls, "ip-only", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "it is for 127.0.0.1 and not for \"localhost\""},
    {"name in the certificate, IP address wanted", ALWAYS, starttls, "wrong-host", .address = "127.0.0.1", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "not for \"127.0.0.1\""},
    {"wildcard of one label alone", ALWAYS, starttls, "wildcard", .hostname = "a.mx.mail.example", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "*.mail.example"},
    {"common name alone", ALWAYS, starttls, "cn-only", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "it is for no name at all (a common name does not count) and not for \"localhost\""},
    {"self-signed", ALWAYS, starttls, "self-signed", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "self-signed"},
    {"unknown CA", ALWAYS, starttls, "unknown-ca", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "CN=posthaste test other-ca"},
    {"a CA that is no CA", ALWAYS, starttls, "server", "client", .status = PH_ERR_CERTIFICATE, .phase = PH_PHASE_TLS, .says = "refused"},
    {"TLS 1.1 only", ALWAYS, starttls, .max_version = TLS1_1_VERSION, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "TLS 1.2 or later"},
    {"TLS 1.1 only, implicit", IMPLICIT, implicit, .max_version = TLS1_1_VERSION, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "TLS 1.2 or later"},

    {"garbage instead of a handshake", ALWAYS, garbage_after_starttls, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "this is no TLS"},
    {"garbage, auto does not fall back", AUTO, garbage_after_starttls, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "something else"},
    {"TLS to a plain port", IMPLICIT, plain_greeting, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "plain SMTP (\"220 mx.example.net ESMTP ready\")"},
    {"TLS to a web server", IMPLICIT, http, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "HTTP/1.1 400 Bad Request"},
    {"TLS to one that closes", IMPLICIT, closes, .status = PH_ERR_TLS, .phase = PH_PHASE_TLS, .says = "closed the connection during the TLS handshake"},
    {"TLS to one that resets", IMPLICIT, resets, .status = PH_ERR_IO, .phase = PH_PHASE_TLS, .says = "lost"},
    {"plain text to a TLS port", AUTO, tls_alert, .status = PH_ERR_PROTOCOL, .phase = PH_PHASE_GREETING, .says = "speaks TLS from the first byte"},

    {"injection behind the 220", ALWAYS, injected, .status = PH_ERR_PROTOCOL, .phase = PH_PHASE_STARTTLS, .says = "injecting"},
    {"injection, auto", AUTO, injected, .status = PH_ERR_PROTOCOL, .phase = PH_PHASE_STARTTLS, .says = "injecting"},
    {"stripped, always", ALWAYS, not_offered, .status = PH_ERR_UNSUPPORTED, .phase = PH_PHASE_STARTTLS, .says = "STARTTLS is not supported on this server"},
    {"stripped by a refused EHLO, always", ALWAYS, ehlo_unknown, .status = PH_ERR_UNSUPPORTED, .phase = PH_PHASE_STARTTLS, .says = "did not understand EHLO"},
    {"refused, always", ALWAYS, refused, .status = PH_ERR_SERVER_BUSY, .phase = PH_PHASE_STARTTLS, .says = "refused STARTTLS: 454 4.7.0 TLS not available"},
    {"refused, auto does not fall back", AUTO, refused, .status = PH_ERR_SERVER_BUSY, .phase = PH_PHASE_STARTTLS, .says = "454"},
};
/* clang-format on */

static const char *path_of(const char *name, const char *suffix)
{
    static char paths[16][512];
    static size_t next;
    char *path = paths[next++ % 16];
    (void)snprintf(path, sizeof paths[0], "%s/%s%s", certificates, name, suffix);
    return path;
}

static struct scripted_server *start_server(const struct row *row)
{
    const char *certificate = row->certificate ? row->certificate : "server";
    const struct server_settings settings = {
        .steps = row->steps,
        .certificate = path_of(certificate, ".crt"),
        .key = path_of(certificate, ".key"),
        .max_version = row->max_version,
    };
    return scripted_server_start(&settings);
}

static ph_smtp *new_client(const struct row *row, int port)
{
    ph_smtp *smtp;
    assert_int_equal(ph_smtp_new(row->address ? row->address : "localhost", port, NULL, &smtp),
                     PH_OK);
    ph_tls_config *tls = ph_smtp_tls_config(smtp);
    assert_int_equal(ph_tls_config_set_ca_file(tls, path_of(row->ca ? row->ca : "ca", ".crt")),
                     PH_OK);
    assert_int_equal(ph_tls_config_set_hostname(tls, row->hostname), PH_OK);
    if (row->mode == IMPLICIT)
        assert_int_equal(ph_smtp_enable_tls(smtp), PH_OK);
    if (row->mode == ALWAYS)
        assert_int_equal(ph_smtp_enable_starttls(smtp), PH_OK);
    if (row->mode == OFF)
        assert_int_equal(ph_smtp_disable_starttls(smtp), PH_OK);
    return smtp;
}

static void check_good_session(const struct row *row, ph_smtp *smtp)
{
    const ph_tls_info *info = ph_smtp_tls_info(smtp);
    CHECK(info && info->verified && !info->verify_error, row->note);
    CHECK(info->chain_length >= 1 && strlen(info->chain[0].sha256) == 64, row->note);
    /* What was offered before TLS is forgotten, what is offered in it counts. */
    CHECK(ph_smtp_capable(smtp, "SIZE") == 1, row->note);
    CHECK(ph_smtp_capable(smtp, "PIPELINING") == 0, row->note);
    CHECK(ph_smtp_finish(smtp) == PH_OK, row->note);
}

static void check_failure(const struct row *row, const ph_smtp *smtp)
{
    const ph_error *error = ph_smtp_error(smtp);
    CHECK(error != NULL, row->note);
    if (!strstr(error->message, row->says))
        fail_msg("%s: \"%s\" does not say \"%s\"", row->note, error->message, row->says);
    if (error->phase != row->phase)
        fail_msg("%s: phase %s", row->note, ph_phase_name(error->phase));
    CHECK(!ph_smtp_started(smtp), row->note);
}

static void check_row(const struct row *row)
{
    struct scripted_server *server = start_server(row);
    ph_smtp *smtp = new_client(row, scripted_server_port(server));
    const int status = ph_smtp_start(smtp, "client.example.org", NULL, NULL, NULL);
    if (status != row->status)
        fail_msg("%s: %s (%s)", row->note, ph_status_name(status),
                 ph_smtp_error(smtp) ? ph_smtp_error(smtp)->message : "no error");
    if (status == PH_OK)
        check_good_session(row, smtp);
    else
        check_failure(row, smtp);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server); /* a broken handshake ends its script early */
}

static void tls__each_server_gets_its_due(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++)
        check_row(&rows[i]);
}

static void starttls_auto__a_session_without_tls_is_noted(void **state)
{
    (void)state;
    static const struct step fallen_back[] = {
        {STEP_SAY, "220 mx\r\n"},  {STEP_HEAR, "EHLO "},     {STEP_SAY, "500 what?\r\n"},
        {STEP_HEAR, "HELO "},      {STEP_SAY, "250 mx\r\n"}, {STEP_HEAR, "QUIT"},
        {STEP_SAY, "221 bye\r\n"}, {STEP_END, NULL},
    };
    const struct row row = {"stripped, auto", AUTO, fallen_back, .status = PH_OK};
    struct scripted_server *server = start_server(&row);
    ph_smtp *smtp = new_client(&row, scripted_server_port(server));
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_non_null(ph_smtp_notice(smtp));
    assert_non_null(strstr(ph_smtp_notice(smtp), "not encrypted"));
    assert_null(ph_smtp_tls_info(smtp));
    assert_int_equal(ph_smtp_capable(smtp, "STARTTLS"), 0);
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

static void verification_off__a_bad_certificate_is_told_and_taken(void **state)
{
    (void)state;
    const struct row row = {"off", ALWAYS, starttls, "wrong-host", .status = PH_OK};
    struct scripted_server *server = start_server(&row);
    ph_smtp *smtp = new_client(&row, scripted_server_port(server));
    ph_tls_config_set_verify(ph_smtp_tls_config(smtp), false);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    const ph_tls_info *info = ph_smtp_tls_info(smtp);
    assert_false(info->verified);
    assert_non_null(strstr(info->verify_error, "ostname mismatch"));
    assert_string_equal(info->chain[0].names, "mx.other.example");
    assert_string_equal(info->chain[0].subject, "CN=mx.other.example");
    assert_string_equal(info->chain[0].issuer, "CN=posthaste test ca");
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

static void min_version__an_old_server_is_taken_when_asked_for(void **state)
{
    (void)state;
    const struct row row = {"old", ALWAYS, starttls, .max_version = TLS1_1_VERSION,
                            .status = PH_OK};
    struct scripted_server *server = start_server(&row);
    ph_smtp *smtp = new_client(&row, scripted_server_port(server));
    assert_int_equal(ph_tls_config_set_min_version(ph_smtp_tls_config(smtp), PH_TLS_1_1), PH_OK);
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    assert_string_equal(ph_smtp_tls_info(smtp)->version, "TLSv1.1");
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    ph_smtp_free(smtp);
    assert_null(scripted_server_stop(server));
}

static int start_with_client_certificate(const char *certificate, const char *key)
{
    const struct server_settings settings = {
        .steps = implicit,
        .certificate = path_of("server", ".crt"),
        .key = path_of("server", ".key"),
        .client_ca = path_of("ca", ".crt"),
    };
    const struct row row = {"client certificate", IMPLICIT, implicit, .status = PH_OK};
    struct scripted_server *server = scripted_server_start(&settings);
    ph_smtp *smtp = new_client(&row, scripted_server_port(server));
    assert_int_equal(ph_tls_config_set_certificate(ph_smtp_tls_config(smtp), certificate, key),
                     PH_OK);
    const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    if (status == PH_OK)
        (void)ph_smtp_finish(smtp);
    else
        print_message("%s\n", ph_smtp_error(smtp)->message);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
    return status;
}

static void client_certificate__is_shown_when_set(void **state)
{
    (void)state;
    assert_int_equal(
        start_with_client_certificate(path_of("client", ".crt"), path_of("client", ".key")), PH_OK);
    assert_int_equal(start_with_client_certificate(NULL, NULL), PH_ERR_TLS);
}

/* Settings that cannot be used are told before a byte of TLS is sent. */
static void configuration__unusable_files_are_named(void **state)
{
    (void)state;
    const struct {
        const char *note, *ca, *directory, *certificate, *key, *says;
    } cases[] = {
        {"CA missing", "/nonexistent/ca.pem", NULL, NULL, NULL,
         "/nonexistent/ca.pem: No such file"},
        {"CA is a key", path_of("ca", ".key"), NULL, NULL, NULL, "ca.key: "},
        {"directory missing", NULL, "/nonexistent", NULL, NULL, "/nonexistent: No such file"},
        {"certificate missing", NULL, NULL, "/nonexistent/c.pem", NULL, "c.pem: No such file"},
        {"key of another", NULL, NULL, path_of("client", ".crt"), path_of("server", ".key"),
         "server.key"},
    };
    for (size_t i = 0; i < ROWS(cases); i++) {
        const struct row row = {cases[i].note, ALWAYS, starttls, .status = PH_OK};
        struct scripted_server *server = start_server(&row);
        ph_smtp *smtp = new_client(&row, scripted_server_port(server));
        ph_tls_config *tls = ph_smtp_tls_config(smtp);
        assert_int_equal(ph_tls_config_set_ca_file(tls, cases[i].ca), PH_OK);
        assert_int_equal(ph_tls_config_set_ca_directory(tls, cases[i].directory), PH_OK);
        assert_int_equal(ph_tls_config_set_certificate(tls, cases[i].certificate, cases[i].key),
                         PH_OK);
        const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
        if (status != PH_ERR_CONFIGURATION || !strstr(ph_smtp_error(smtp)->message, cases[i].says))
            fail_msg("%s: %s", cases[i].note, ph_smtp_error(smtp)->message);
        ph_smtp_free(smtp);
        (void)scripted_server_stop(server);
    }
}

static int start_with_context(SSL_CTX *ctx)
{
    const struct row row = {"own context", ALWAYS, starttls, .status = PH_OK};
    struct scripted_server *server = start_server(&row);
    ph_smtp *smtp = new_client(&row, scripted_server_port(server));
    ph_tls_config_set_ssl_ctx(ph_smtp_tls_config(smtp), ctx);
    const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
    if (status == PH_OK)
        (void)ph_smtp_finish(smtp);
    ph_smtp_free(smtp);
    (void)scripted_server_stop(server);
    return status;
}

static void own_context__decides_on_trust(void **state)
{
    (void)state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    assert_int_equal(start_with_context(ctx), PH_ERR_CERTIFICATE); /* it trusts nobody */
    assert_int_equal(SSL_CTX_load_verify_file(ctx, path_of("ca", ".crt")), 1);
    assert_int_equal(start_with_context(ctx), PH_OK);
    SSL_CTX_free(ctx);
}

/* @return the session that began was resumed */
static bool starts_resumed(ph_smtp *smtp)
{
    assert_int_equal(ph_smtp_start(smtp, NULL, NULL, NULL, NULL), PH_OK);
    const ph_tls_info *info = ph_smtp_tls_info(smtp);
    const bool is_resumed = info->resumed;
    assert_true(info->verified); /* also when no certificate was sent again */
    assert_string_equal(info->hostname, "localhost");
    assert_int_equal(ph_smtp_finish(smtp), PH_OK);
    return is_resumed;
}

static void sessions__are_resumed_until_the_settings_change(void **state)
{
    (void)state;
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    const struct row row = {.note = "resumed", .mode = IMPLICIT, .steps = implicit};
    for (size_t i = 0; i < ROWS(versions); i++) {
        const struct server_settings settings = {
            .steps = implicit,
            .certificate = path_of("server", ".crt"),
            .key = path_of("server", ".key"),
            .max_version = versions[i],
            .clients = 4,
        };
        struct scripted_server *server = scripted_server_start(&settings);
        ph_smtp *smtp = new_client(&row, scripted_server_port(server));
        assert_false(starts_resumed(smtp));
        assert_true(starts_resumed(smtp));
        assert_int_equal(ph_tls_config_set_ca_file(ph_smtp_tls_config(smtp), path_of("ca", ".crt")),
                         PH_OK);
        assert_false(starts_resumed(smtp));
        ph_smtp_free(smtp);
        smtp = new_client(&row, scripted_server_port(server)); /* knows nothing of the other */
        assert_false(starts_resumed(smtp));
        ph_smtp_free(smtp);
        (void)scripted_server_stop(server);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        (void)fprintf(stderr, "usage: %s CERTIFICATES\n", argv[0]);
        return 64;
    }
    certificates = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tls__each_server_gets_its_due),
        cmocka_unit_test(starttls_auto__a_session_without_tls_is_noted),
        cmocka_unit_test(verification_off__a_bad_certificate_is_told_and_taken),
        cmocka_unit_test(min_version__an_old_server_is_taken_when_asked_for),
        cmocka_unit_test(client_certificate__is_shown_when_set),
        cmocka_unit_test(configuration__unusable_files_are_named),
        cmocka_unit_test(own_context__decides_on_trust),
        cmocka_unit_test(sessions__are_resumed_until_the_settings_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
