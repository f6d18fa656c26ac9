/* SPDX-License-Identifier: MIT */
/* A real server, started and stopped by its script in servers/, and the mail that it keeps. */
#ifndef INTEROP_REAL_SERVER_H
#define INTEROP_REAL_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include <posthaste/tls.h>

#define PATH_ROOM 512

/* Where the server listens; TLS from the first byte is on the next port. */
extern int server_port;

/* What some servers would add if it were missing. */
#define HEADERS                                                                                    \
    "Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@client.test>\r\n"                     \
    "From: a@client.test\r\n"

/** Takes SCRIPT CACHE FOLDER PORT. @return false after saying what is wrong */
bool take_arguments(int argc, char **argv);

/* The set-up and the tear-down of a cmocka group. */
int start_server(void **state);
int stop_server(void **state);

/** @return the server's script names the feature */
bool has(const char *feature);

/** Lets a client trust the server's certificate. */
void trust_server(ph_tls_config *config);

/** Waits for @p count messages that no test has seen, notes them, and gives their paths. */
void await_new(size_t count, char paths[][PATH_ROOM]);

/** @return the message that arrived, without what the server put before it; to be freed */
char *read_body(const char *path, size_t *length);

/** Fails unless @p copies new messages arrive, each of these @p n bytes. */
void assert_arrived(const char *expected, size_t n, size_t copies, const char *note);

void assert_nothing_arrived(void);

#endif
