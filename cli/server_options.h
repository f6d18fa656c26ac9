/* SPDX-License-Identifier: MIT */
/*
 * The options that send, talk, probe and bulk share: which server, how to reach it, how TLS is
 * used, who logs in. And the way from them to a client or a server.
 */
#ifndef CLI_SERVER_OPTIONS_H
#define CLI_SERVER_OPTIONS_H

#include <posthaste/server.h>
#include <posthaste/smtp.h>

#include "command.h"
#include "password.h"

/* The words of --starttls, in their order. */
enum starttls_word {
    STARTTLS_AUTO,
    STARTTLS_ALWAYS,
    STARTTLS_NEVER
};

struct connection_options {
    const char *server;
    bool tls;
    int starttls; /* enum starttls_word */
    const char *helo;
    uint32_t open_timeout_ms;
    uint32_t read_timeout_ms;
    const char *bind;
    bool trace;
    unsigned avoided; /* bits, for the words of --avoid */
};

struct tls_options {
    const char *ca_file;
    const char *ca_directory;
    const char *certificate;
    const char *key;
    const char *hostname;
    bool no_verify;
    bool no_kernel;
};

struct login_options {
    const char *user;
    struct password_options password;
    const char *mechanism;
    bool allow_plaintext;
};

extern const struct option_group connection_option_group;
/* For those that send messages; its target is a struct connection_options, too. */
extern const struct option_group avoid_option_group;
extern const struct option_group tls_option_group;
extern const struct option_group login_option_group;

/** What the fields are before a command line is read. */
struct connection_options connection_options_default(void);

/** Where --server leads, as ph_smtp_new takes it. */
struct server_address {
    char *address; /* freed by server_address_release */
    int port;      /* PH_PORT_INFERRED if none was given */
};

/** Reads "HOST", "HOST:PORT", "[V6]:PORT", "V6" or "unix:PATH". @return an exit code, after saying
 * what is wrong */
int server_address_read(const struct command *command, const char *text,
                        struct server_address *server);
void server_address_release(struct server_address *server);

/**
 * Makes a client from the options, and opens nothing.
 *
 * @param login  NULL if the command has no such options
 * @param smtp   receives the client, which the caller frees with ph_smtp_free; NULL on failure
 * @return EXIT_OK, or an exit code after saying what is wrong
 */
int client_new(const struct command *command, const struct connection_options *connection,
               const struct tls_options *tls, const struct login_options *login, ph_smtp **smtp);

/**
 * Makes a server from the options, with the login if a user is given; the password is asked for
 * and wiped here.
 *
 * @param server  receives the server, which the caller gives up with ph_server_free; NULL on
 *                failure
 * @return EXIT_OK, or an exit code after saying what is wrong
 */
int server_new(const struct command *command, const struct connection_options *connection,
               const struct tls_options *tls, const struct login_options *login,
               ph_server **server);

/**
 * Starts the session and logs in if a user is given; the password is asked for and wiped here.
 * @param login  NULL if the command has no such options
 * @return NULL, or why it did not start: @p problem's own error, or the client's
 */
const ph_error *client_start(const struct login_options *login, ph_smtp *smtp,
                             struct problem *problem);

#endif
