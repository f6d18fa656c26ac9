/* SPDX-License-Identifier: MIT */
/*
 * What a connection offers to the floors above beside its public functions: single commands and
 * messages that are written piece by piece, one operation at a time, as a blocking client has them.
 * The only floor where sockets and sessions meet.
 */
#ifndef PH_CONNECTION_CONNECTION_H
#define PH_CONNECTION_CONNECTION_H

#include <posthaste/connection.h>

#include "connection/server.h"
#include "connection/source.h"
#include "protocol/session.h"

/**
 * Begins to open a connection to a port of the server, which is kept, but not frozen.
 * @return it, or NULL without memory
 */
ph_connection *ph__connection_new(ph_server *server, int port, uint64_t now_ms);

/**
 * Gives what one start says in place of the server's settings. Directly behind ph__connection_new.
 *
 * @param helo           the name for EHLO, borrowed until READY; NULL: the server's
 * @param has_own_login  the caller logs in, not the server's user
 */
void ph__connection_start_as(ph_connection *connection, const char *helo, bool has_own_login);

/**
 * Takes the next event without the slots of ph_connection_send: READY, COMMAND_DONE, MESSAGE_DONE
 * or FAILED. Until it is taken, nothing more is read. A closed connection has FAILED for ever.
 * @return there was one
 */
bool ph__connection_take_event(ph_connection *connection, struct ph__event *event);

/** @return the session, to submit operations to and to ask */
struct ph__session *ph__connection_session(ph_connection *connection);

/** Lends the source of the content of a message without tag, until its end. */
void ph__connection_set_source(ph_connection *connection, struct ph__source *source);

/** @return a pushed source has nothing, and the session waits for content */
bool ph__connection_wants_push(const ph_connection *connection);

/** Ends it for want of memory, its own or that of whoever drives it. */
void ph__connection_fail_without_memory(ph_connection *connection, ph_phase phase);

const struct ph__error *ph__connection_error(const ph_connection *connection);

/** Hands over what the handshake agreed on. @return NULL if there was none, else the caller's */
ph_tls_info *ph__connection_take_tls_info(ph_connection *connection);

/**
 * Submits AUTH. Ends in COMMAND_DONE.
 *
 * @param mechanism  NULL: the best one
 * @param error      receives the sentence
 * @return PH_OK, or why it was not even begun
 */
int ph__connection_log_in(ph_connection *connection, const ph_mechanism *mechanism,
                          const char *user, const char *secret, struct ph__error *error);

#endif
