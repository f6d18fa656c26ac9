/* SPDX-License-Identifier: MIT */
/* The options that send, talk, probe and bulk share, and the way from them to a client or server.
 */
#include "server_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "report.h"

/* ---- Tables ---------------------------------------------------------------------------------- */

static const char *const starttls_words[] = {
    [STARTTLS_AUTO] = "auto", [STARTTLS_ALWAYS] = "always", [STARTTLS_NEVER] = "never", NULL};

/* The places are those of feature_words. */
static const ph_feature features[] = {PH_FEATURE_PIPELINING, PH_FEATURE_CHUNKING,
                                      PH_FEATURE_OVERLAP};

static const char *const feature_words[] = {"pipelining", "chunking", "overlap", NULL};

#define FIELD(type, field) .offset = offsetof(struct type, field)

/* clang-format off */
static const struct option connection_rows[] = {
    { "server", "HOST[:PORT]",
      "a host name, an address ([::1]:25 for IPv6), or unix:PATH; the port is 25 unless "
      "given: 465 with --tls, 587 with --user",
      OPTION_TEXT, FIELD(connection_options, server) },
    { "tls", NULL, "TLS from the first byte",
      OPTION_FLAG, FIELD(connection_options, tls) },
    { "starttls", "auto|always|never",
      "auto (the default) uses STARTTLS if it is offered, always refuses to go on without it",
      OPTION_CHOICE, FIELD(connection_options, starttls), .words = starttls_words },
    { "helo", "NAME", "the name to introduce ourselves by; default localhost",
      OPTION_TEXT, FIELD(connection_options, helo) },
    { "open-timeout", "SECONDS",
      "for finding the server and connecting, and again for the TLS handshake; default 30; 0: no limit",
      OPTION_SECONDS, FIELD(connection_options, open_timeout_ms) },
    { "read-timeout", "SECONDS", "for each wait for the server; default 60; 0: no limit",
      OPTION_SECONDS, FIELD(connection_options, read_timeout_ms) },
    { "bind", "ADDRESS", "the local address to connect from",
      OPTION_TEXT, FIELD(connection_options, bind) },
    { "trace", NULL, "show the session on stderr; passwords are left out",
      OPTION_FLAG, FIELD(connection_options, trace) },
    { .name = NULL },
};

static const struct option avoid_rows[] = {
    { "avoid", "FEATURE,...",
      "what the server offers but gets wrong: pipelining (several commands at once; turns off the "
      "next two as well), chunking (BDAT), overlap (the next message's envelope along with the end "
      "of one); may be repeated",
      OPTION_WORDS, FIELD(connection_options, avoided), .words = feature_words },
    { .name = NULL },
};

static const struct option tls_rows[] = {
    { "cafile", "FILE", "PEM file of trusted authorities, in place of the system's",
      OPTION_TEXT, FIELD(tls_options, ca_file) },
    { "capath", "DIRECTORY", "directory of them, hashed as openssl rehash does",
      OPTION_TEXT, FIELD(tls_options, ca_directory) },
    { "cert", "FILE", "the client's certificate (PEM, with its chain)",
      OPTION_TEXT, FIELD(tls_options, certificate) },
    { "key", "FILE", "its private key (PEM), unless in the same file",
      OPTION_TEXT, FIELD(tls_options, key) },
    { "tls-hostname", "NAME",
      "the name that the certificate must have, if it is not the server's",
      OPTION_TEXT, FIELD(tls_options, hostname) },
    { "no-tls-verify", NULL,
      "take any certificate: anyone on the way can read and change everything",
      OPTION_FLAG, FIELD(tls_options, no_verify) },
    { "no-kernel-tls", NULL, "encrypt here, even where the kernel could",
      OPTION_FLAG, FIELD(tls_options, no_kernel) },
    { .name = NULL },
};

static const struct option login_rows[] = {
    { "user", "NAME",
      "who logs in; the password comes from one of the next two or from POSTHASTE_PASSWORD in the "
      "environment",
      OPTION_TEXT, FIELD(login_options, user) },
    { "password-file", "FILE", "its first line is the password",
      OPTION_TEXT, FIELD(login_options, password.file) },
    { "password-command", "COMMAND",
      "the first line that this prints is the password; run by /bin/sh",
      OPTION_TEXT, FIELD(login_options, password.command) },
    { "auth", "MECHANISM",
      "PLAIN, LOGIN, CRAM-MD5 or XOAUTH2; auto (the default) takes the best that the server offers",
      OPTION_TEXT, FIELD(login_options, mechanism) },
    { "allow-plaintext-auth", NULL, "send the password without TLS, too",
      OPTION_FLAG, FIELD(login_options, allow_plaintext) },
    { .name = NULL },
};
/* clang-format on */

const struct option_group connection_option_group = {"Server", connection_rows};
const struct option_group avoid_option_group = {"Faults of the server", avoid_rows};
const struct option_group tls_option_group = {"TLS", tls_rows};
const struct option_group login_option_group = {"Login", login_rows};

struct connection_options connection_options_default(void)
{
    return (struct connection_options){
        .starttls = STARTTLS_AUTO, .open_timeout_ms = 30000, .read_timeout_ms = 60000};
}

/* ---- The server's address -------------------------------------------------------------------- */

/* @return the port that a text is, or 0 */
static int port_of(const char *text)
{
    const size_t length = strlen(text);
    if (length == 0 || length > 5 || strspn(text, "0123456789") != length)
        return 0;
    const long port = strtol(text, NULL, 10);
    return port <= 65535 ? (int)port : 0;
}

/* Finds what separates host and port. @return NULL if there is no port */
static const char *find_port(const char *text)
{
    if (strncmp(text, "unix:", 5) == 0)
        return NULL;
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (bracket)
        return bracket[1] == ':' ? bracket + 1 : NULL;
    const char *colon = strchr(text, ':');
    return colon && !strchr(colon + 1, ':') ? colon : NULL; /* two: an IPv6 address */
}

int server_address_read(const struct command *command, const char *text,
                        struct server_address *server)
{
    *server = (struct server_address){.port = PH_PORT_INFERRED};
    const char *colon = find_port(text);
    if (colon)
        server->port = port_of(colon + 1);
    if (server->port == 0)
        return complain_of_usage(command,
                                 "--server: \"%s\" is not a port; give 1 to 65535, as in "
                                 "smtp.example.org:587",
                                 colon + 1);
    server->address = colon ? strndup(text, (size_t)(colon - text)) : strdup(text);
    return server->address ? EXIT_OK : complain_of_memory(command);
}

void server_address_release(struct server_address *server)
{
    free(server->address);
    server->address = NULL;
}

/* ---- Settings -------------------------------------------------------------------------------- */

static int check(const struct command *command, const struct connection_options *connection,
                 const struct tls_options *tls, const struct login_options *login)
{
    if (!connection->server)
        return complain_of_usage(command, "--server is missing: --server HOST[:PORT]");
    if (connection->tls && connection->starttls == STARTTLS_ALWAYS)
        return complain_of_usage(command, "--tls and --starttls always exclude each other: TLS "
                                          "begins with the first byte, or later");
    if (tls->key && !tls->certificate)
        return complain_of_usage(command, "--key needs the certificate that it belongs to: --cert "
                                          "FILE");
    if (login && !login->user &&
        (login->password.file || login->password.command || login->mechanism))
        return complain_of_usage(command, "a login needs --user");
    if (login && login->password.file && login->password.command)
        return complain_of_usage(command,
                                 "--password-file and --password-command exclude each other");
    return EXIT_OK;
}

static int refuse_setting(const struct command *command, int status, const char *option,
                          const char *value, const char *allowed)
{
    if (status == PH_ERR_NO_MEMORY)
        return complain_of_memory(command);
    return complain_of_usage(command, "--%s: \"%s\" is not %s", option, value, allowed);
}

static ph_tls_mode tls_mode_of(const struct connection_options *connection)
{
    static const ph_tls_mode modes[] = {[STARTTLS_AUTO] = PH_TLS_STARTTLS_AUTO,
                                        [STARTTLS_ALWAYS] = PH_TLS_STARTTLS_ALWAYS,
                                        [STARTTLS_NEVER] = PH_TLS_OFF};
    return connection->tls ? PH_TLS_IMPLICIT : modes[connection->starttls];
}

static int set_features(const struct connection_options *connection, ph_server *server)
{
    unsigned avoided = 0;
    for (size_t i = 0; i < sizeof features / sizeof features[0]; i++)
        avoided |= connection->avoided & 1U << i ? features[i] : 0;
    return ph_server_set_features(server, avoided, false);
}

static int set_connection(const struct command *command,
                          const struct connection_options *connection, ph_server *server)
{
    if (ph_server_set_tls_mode(server, tls_mode_of(connection)) != PH_OK ||
        ph_server_set_open_timeout(server, connection->open_timeout_ms) != PH_OK ||
        ph_server_set_read_timeout(server, connection->read_timeout_ms) != PH_OK ||
        ph_server_set_trace_file(server, connection->trace ? stderr : NULL) != PH_OK ||
        set_features(connection, server) != PH_OK)
        return complain_of_memory(command);
    int status = ph_server_set_helo(server, connection->helo);
    if (status != PH_OK)
        return refuse_setting(command, status, "helo", connection->helo,
                              "a name to introduce oneself by, such as client.example.org");
    status = ph_server_set_bind_address(server, connection->bind);
    if (status != PH_OK)
        return refuse_setting(command, status, "bind", connection->bind, "an IPv4 or IPv6 address");
    return EXIT_OK;
}

static int set_tls(const struct command *command, const struct tls_options *tls,
                   ph_tls_config *config)
{
    ph_tls_config_set_verify(config, !tls->no_verify);
    ph_tls_config_set_kernel_tls(config, !tls->no_kernel);
    if (ph_tls_config_set_ca_file(config, tls->ca_file) != PH_OK ||
        ph_tls_config_set_ca_directory(config, tls->ca_directory) != PH_OK ||
        ph_tls_config_set_certificate(config, tls->certificate, tls->key) != PH_OK)
        return complain_of_memory(command);
    const int status = ph_tls_config_set_hostname(config, tls->hostname);
    if (status != PH_OK)
        return refuse_setting(command, status, "tls-hostname", tls->hostname, "a host name");
    return EXIT_OK;
}

/* Applies the options to a server, or to what is a client's. */
static int set_all(const struct command *command, const struct connection_options *connection,
                   const struct tls_options *tls, const struct login_options *login,
                   ph_server *server)
{
    int code = set_connection(command, connection, server);
    if (code == EXIT_OK)
        code = set_tls(command, tls, ph_server_tls_config(server));
    if (code == EXIT_OK &&
        ph_server_set_allow_plaintext_auth(server, login && login->allow_plaintext) != PH_OK)
        code = complain_of_memory(command);
    return code;
}

/* ---- Clients and servers --------------------------------------------------------------------- */

/* Makes a client or a server: the one that is asked for. */
static int make_either(const struct command *command, const struct connection_options *connection,
                       ph_smtp **smtp, ph_server **made)
{
    struct server_address server;
    int code = server_address_read(command, connection->server, &server);
    if (code != EXIT_OK)
        return code;
    const int status = smtp ? ph_smtp_new(server.address, server.port, NULL, smtp)
                            : ph_server_new(server.address, server.port, NULL, made);
    if (status != PH_OK)
        code = refuse_setting(command, status, "server", connection->server,
                              "a server; give a host name, an address or unix:PATH");
    server_address_release(&server);
    return code;
}

int client_new(const struct command *command, const struct connection_options *connection,
               const struct tls_options *tls, const struct login_options *login, ph_smtp **smtp)
{
    *smtp = NULL;
    int code = check(command, connection, tls, login);
    if (code == EXIT_OK)
        code = make_either(command, connection, smtp, NULL);
    if (code == EXIT_OK)
        code = set_all(command, connection, tls, login, ph_smtp_server(*smtp));
    if (code == EXIT_OK)
        return EXIT_OK;
    ph_smtp_free(*smtp);
    *smtp = NULL;
    return code;
}

/* @return an exit code, after saying what of a login is wrong */
static int refuse_login(const struct command *command, const struct login_options *login,
                        const char *secret, ph_server *server)
{
    if (ph_server_set_login(server, login->user, secret, "auto") == PH_OK)
        return refuse_setting(command, PH_ERR_ARGUMENT, "auth", login->mechanism,
                              "a mechanism; known are PLAIN, LOGIN, CRAM-MD5 and XOAUTH2, and auto "
                              "takes the best");
    return complain_of_usage(command, "--user or the password is empty, or has control bytes");
}

static int set_login(const struct command *command, const struct login_options *login,
                     ph_server *server)
{
    struct password password;
    struct problem problem;
    int code = EXIT_OK;
    if (!login->user)
        return EXIT_OK;
    const ph_error *error = password_get(&login->password, &password, &problem);
    if (error)
        return complain_of_error(command, error);
    const int status = ph_server_set_login(server, login->user, password.text,
                                           login->mechanism ? login->mechanism : "auto");
    if (status != PH_OK)
        code = status == PH_ERR_NO_MEMORY ? complain_of_memory(command)
                                          : refuse_login(command, login, password.text, server);
    password_wipe(&password);
    return code;
}

int server_new(const struct command *command, const struct connection_options *connection,
               const struct tls_options *tls, const struct login_options *login, ph_server **server)
{
    *server = NULL;
    int code = check(command, connection, tls, login);
    if (code == EXIT_OK)
        code = make_either(command, connection, NULL, server);
    if (code == EXIT_OK)
        code = set_all(command, connection, tls, login, *server);
    if (code == EXIT_OK)
        code = set_login(command, login, *server);
    if (code == EXIT_OK)
        return EXIT_OK;
    ph_server_free(*server);
    *server = NULL;
    return code;
}

/* ---- Starting -------------------------------------------------------------------------------- */

const ph_error *client_start(const struct login_options *login, ph_smtp *smtp,
                             struct problem *problem)
{
    struct password password;
    if (!login || !login->user) {
        const int status = ph_smtp_start(smtp, NULL, NULL, NULL, NULL);
        return status == PH_OK ? NULL : ph_smtp_error(smtp);
    }
    const ph_error *error = password_get(&login->password, &password, problem);
    if (error)
        return error;
    const int status = ph_smtp_start(smtp, NULL, login->user, password.text,
                                     login->mechanism ? login->mechanism : "auto");
    password_wipe(&password);
    return status == PH_OK ? NULL : ph_smtp_error(smtp);
}
