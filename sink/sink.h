/* SPDX-License-Identifier: MIT */
/*
 * The sink: a receiving SMTP server for development and tests. It takes mail from many clients at
 * once, keeps it in a Maildir or prints it, and refuses, delays or drops wherever it is told to.
 * A floor of its own: it shares no code with the library, so that no mistake hides in both.
 */
#ifndef POSTHASTE_SINK_SINK_H
#define POSTHASTE_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* An option that may be given several times. */
struct ph_sink_list {
    const char *const *items;
    size_t count;
};

/* All strings are the caller's and must stay until ph_sink_run returns. */
struct ph_sink_options {
    const char *listen;    /* "127.0.0.1:2525", "[::1]:0"; NULL: 127.0.0.1:2525 */
    const char *unix_path; /* in place of listen, or NULL */
    const char *maildir;   /* made if it is missing; NULL: messages are not kept */
    const char *tls_cert;  /* PEM, with its chain; NULL: one is made */
    const char *tls_key;
    const char *cert_out;        /* where the certificate is written as PEM; NULL: nowhere */
    struct ph_sink_list auth;    /* "USER:PASSWORD" */
    struct ph_sink_list reject;  /* recipients (and senders) that get 550 5.1.1 */
    struct ph_sink_list fail;    /* "COMMAND=REPLY"; \n in REPLY begins another line */
    struct ph_sink_list delay;   /* "COMMAND=MILLISECONDS" */
    struct ph_sink_list drop;    /* "COMMAND": the connection is closed instead of a reply */
    struct ph_sink_list without; /* extensions that are not offered, "PIPELINING" */
    size_t size;                 /* the largest message, bytes; 0 is no limit */
    uint32_t idle_timeout_ms;    /* who says nothing for so long is told 421; 0: 5 minutes */
    bool tls;                    /* from the first byte */
    bool require_auth;
    bool require_tls;
    bool once; /* end when the first client has gone that delivered a message */
    bool print;
    bool quiet;   /* no line for each message */
    bool summary; /* one line at the end: how much came */
};

/* The commands that fail, delay and drop know, besides every verb. */
#define PH_SINK_COMMANDS                                                                           \
    "CONNECT, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, BODY, BDAT, RSET, NOOP, VRFY, HELP, "  \
    "QUIT"

/**
 * Runs a sink until a signal (SIGINT, SIGTERM) or `once` ends it. Writes "listening on ADDRESS" to
 * @p out as soon as it takes connections, and printed messages; complaints go to @p err.
 * Takes over SIGINT, SIGTERM and SIGPIPE of the process.
 *
 * @return an exit code of sysexits.h: 0, 64 (an option is malformed; @p err says which), 69 (cannot
 *         listen), 73 (the Maildir or the certificate file cannot be made), 78 (certificate or key)
 */
int ph_sink_run(const struct ph_sink_options *options, FILE *out, FILE *err);

#endif
