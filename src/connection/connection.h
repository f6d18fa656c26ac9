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

#include "connection/server.h"
#include "connection/source.h"
#include "protocol/session.h"

struct ph__connection;

enum {
    ph__pollfds_max = 24
};
#define PH__NO_DEADLINE UINT64_MAX

/** Begins to open a connection, which keeps the server. @return it, or NULL without memory. Its
 * first event is READY or FAILED. */
struct ph__connection *ph__connection_new(ph_server *server, int port, uint64_t now_ms);

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

/**
 * Submits AUTH. Ends in COMMAND_DONE.
 *
 * @param mechanism  NULL: the best one
 * @param error      receives the sentence
 * @return PH_OK, or why it was not even begun
 */
int ph__connection_log_in(struct ph__connection *connection, const ph_mechanism *mechanism,
                          const char *user, const char *secret, struct ph__error *error);

#endif
