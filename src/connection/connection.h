/* SPDX-License-Identifier: MIT */
/*
 * One non-blocking connection: it resolves, dials, makes the TLS handshake and drives a session.
 * The only floor where sockets and sessions meet. It never waits and never asks the clock: whoever
 * drives it polls what ph__connection_pollfds names, until ph__connection_deadline at the latest,
 * and calls ph__connection_process with the time.
 */
#ifndef PH_CONNECTION_CONNECTION_H
#define PH_CONNECTION_CONNECTION_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include <posthaste/smtp.h>

#include "connection/source.h"
#include "protocol/session.h"

struct ph__connection;

/* 0 is no limit. May change while the connection is open. */
struct ph__time_limits {
    uint32_t open_ms;
    uint32_t read_ms;
    uint32_t write_ms;
    uint32_t reply_ms;
};

/* Everything pointed to must outlive the connection. */
struct ph__connection_settings {
    const ph_allocator *allocator;
    const char *address;
    int port;
    const char *bind_address; /* NULL: the system's choice */
    const char *name_servers; /* NULL: the system's; for tests */
    ph_dial_fn dial;          /* NULL: dial here */
    void *dial_data;
    bool tls; /* from the first byte */
    bool esmtp;
    ph_starttls starttls;
    const char *helo;
    ph_tls_config *tls_config;
    const struct ph__time_limits *limits;
    const struct ph__trace *trace;
};

enum {
    ph__pollfds_max = 24
};
#define PH__NO_DEADLINE UINT64_MAX

/** Begins to open a connection. @return it, or NULL without memory. Its first event is READY or
 * FAILED. */
struct ph__connection *ph__connection_new(const struct ph__connection_settings *settings,
                                          uint64_t now_ms);

/** Closes at once, without QUIT, and frees. NULL is allowed. */
void ph__connection_free(struct ph__connection *connection);

/** Takes everything on as far as it goes without waiting. @param fds as polled, with revents; or
 * none */
void ph__connection_process(struct ph__connection *connection, const struct pollfd *fds,
                            size_t count, uint64_t now_ms);

/** @return how many of @p fds (room for ph__pollfds_max) were set to what is waited for */
size_t ph__connection_pollfds(struct ph__connection *connection, struct pollfd *fds);

/** @return when process must be called again at the latest, or PH__NO_DEADLINE */
uint64_t ph__connection_deadline(struct ph__connection *connection, uint64_t now_ms);

/**
 * @return there was an event: READY, COMMAND_DONE, MESSAGE_DONE or FAILED. Until it is taken,
 * nothing more is read. A closed connection has FAILED for ever: only ph__connection_error and
 *         ph__connection_free make sense then.
 */
bool ph__connection_take_event(struct ph__connection *connection, struct ph__event *event);

/** @return the session, to submit operations to and to ask; NULL until the socket is connected */
struct ph__session *ph__connection_session(struct ph__connection *connection);

/** Lends the source of the next message's content, until its end. */
void ph__connection_set_source(struct ph__connection *connection, struct ph__source *source);

/** @return a pushed source has nothing, and the session waits for content */
bool ph__connection_wants_push(const struct ph__connection *connection);

const struct ph__error *ph__connection_error(const struct ph__connection *connection);
const ph_tls_info *ph__connection_tls_info(const struct ph__connection *connection);

/** Hands over what the handshake agreed on. @return NULL if there was none, else the caller's */
ph_tls_info *ph__connection_take_tls_info(struct ph__connection *connection);

/** @return the peer is a loopback address or a Unix socket */
bool ph__connection_is_local(const struct ph__connection *connection);

#endif
