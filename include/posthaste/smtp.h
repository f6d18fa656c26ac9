/* SPDX-License-Identifier: MIT */
/*
 * ph_smtp: the blocking SMTP client, the counterpart of Ruby's Net::SMTP.
 *
 * An object is made with an address, connects when it is started, and can be started again after
 * it was finished. One object belongs to one thread at a time; different objects never meet.
 * Unless a comment says otherwise, strings are copied, NULL objects are not allowed, and what a
 * getter returns belongs to the object and is valid until the next call on it that is not a getter.
 *
 * Calls that talk to the server block until their reply, at most as long as the time limits say.
 * They return PH_OK or a negative ph_status; ph_smtp_error then has the whole story. These can end
 * any of them and are not repeated below: PH_ERR_STATE (no session, or a message stream is open),
 * PH_ERR_BROKEN (an earlier failure broke the session; finish it), PH_ERR_IO, PH_ERR_CLOSED,
 * PH_ERR_READ_TIMEOUT, PH_ERR_WRITE_TIMEOUT, PH_ERR_TLS, PH_ERR_PROTOCOL, PH_ERR_NO_MEMORY; these
 * but PH_ERR_STATE break the session for good. A refusal by the server (PH_ERR_SERVER_BUSY,
 * PH_ERR_SYNTAX, PH_ERR_AUTHENTICATION, PH_ERR_FATAL, PH_ERR_UNKNOWN) does not.
 */
#ifndef POSTHASTE_SMTP_H
#define POSTHASTE_SMTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/capabilities.h>
#include <posthaste/error.h>
#include <posthaste/mechanism.h>
#include <posthaste/message.h>
#include <posthaste/reply.h>
#include <posthaste/server.h>
#include <posthaste/tls.h>
#include <posthaste/trace.h>
#include <posthaste/writer.h>

PH_BEGIN_DECLS

typedef struct ph_smtp ph_smtp;

/* ---- Making ------------------------------------------------------------------------------- */

/**
 * Makes a client. Opens nothing.
 *
 * @param address    host name (ASCII or UTF-8, RFC 5890), IPv4 or IPv6 address (with or without
 *                   brackets), or "unix:PATH" for a Unix socket
 * @param port       1 to 65535, 0 for 25 whatever the TLS mode (as Net::SMTP), PH_PORT_INFERRED
 * @param allocator  memory functions, or NULL for malloc and free; copied
 * @param out        receives the client; the caller frees it with ph_smtp_free
 * @return PH_OK, PH_ERR_ARGUMENT (empty, over-long or malformed address; port out of range),
 *         PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_smtp_new(const char *address, int port, const ph_allocator *allocator,
                                     ph_smtp **out);

/** Closes the connection, without QUIT if the session was not finished, and frees the client. NULL
 * is allowed. */
PH_API void ph_smtp_free(ph_smtp *smtp);

/**
 * Makes a client and starts it (Net::SMTP.start without block).
 *
 * @param out  receives the client also when the start failed, so that ph_smtp_error can be asked;
 *             NULL only after PH_ERR_NO_MEMORY and for an address or port that ph_smtp_new refuses
 * @return as ph_smtp_new and ph_smtp_start
 */
PH_API PH_MUST_CHECK int ph_smtp_open(const char *address, int port, const char *helo,
                                      const char *user, const char *secret, const char *authtype,
                                      ph_smtp **out);

/**
 * Makes a client, starts it, sends one message and finishes: everything in one call.
 *
 * @param result  receives what became of the message, also on failure; the caller frees it with
 *                ph_result_free. May be NULL. Set to NULL if memory was too short for one.
 * @return as ph_smtp_new, ph_smtp_start and ph_smtp_send
 */
PH_API PH_MUST_CHECK int ph_smtp_send_once(const char *address, int port, const char *helo,
                                           const char *user, const char *secret,
                                           const char *authtype, ph_message *message,
                                           ph_result **result);

/** @return the address as it was given. */
PH_API const char *ph_smtp_address(const ph_smtp *smtp);

/** @return the port in use; PH_PORT_INFERRED until the start has inferred it. */
PH_API int ph_smtp_port(const ph_smtp *smtp);

/** @return "posthaste HOST:PORT started=BOOL" (Net::SMTP's inspect). */
PH_API const char *ph_smtp_description(ph_smtp *smtp);

/* ---- Settings, for the next start unless said otherwise ----------------------------------- */

/**
 * The settings of this client as a ph_server, so that one function can apply a program's options
 * to clients and to servers alike, and for what only a ph_server has, such as
 * ph_server_set_features. What is set there and what is set by the calls below are the same; a name
 * (ph_server_set_helo) and a login set there are used by each start that is given none.
 *
 * @return the server; it belongs to the client, and lives as long: ph_server_free does nothing to
 *         it. It is never frozen, and for this client alone: ph_connection_new and ph_pool_add
 *         refuse it with PH_ERR_ARGUMENT
 */
PH_API ph_server *ph_smtp_server(ph_smtp *smtp);

/** Whether EHLO is tried first (true, the default) or HELO is sent at once. */
PH_API void ph_smtp_set_esmtp(ph_smtp *smtp, bool esmtp);
PH_API bool ph_smtp_esmtp(const ph_smtp *smtp);

/**
 * Milliseconds for name look-up and connecting to all addresses together, and once more for the
 * TLS handshake. Default 30,000. 0 is no limit. Ends in PH_ERR_OPEN_TIMEOUT.
 */
PH_API void ph_smtp_set_open_timeout(ph_smtp *smtp, uint32_t timeout_ms);
PH_API uint32_t ph_smtp_open_timeout(const ph_smtp *smtp);

/**
 * Milliseconds for each wait until the server sends something. Default 60,000. 0 is no limit.
 * Acts at once on a running session. Ends in PH_ERR_READ_TIMEOUT.
 */
PH_API void ph_smtp_set_read_timeout(ph_smtp *smtp, uint32_t timeout_ms);
PH_API uint32_t ph_smtp_read_timeout(const ph_smtp *smtp);

/** The same for each wait until the server takes something. Ends in PH_ERR_WRITE_TIMEOUT. */
PH_API void ph_smtp_set_write_timeout(ph_smtp *smtp, uint32_t timeout_ms);
PH_API uint32_t ph_smtp_write_timeout(const ph_smtp *smtp);

/**
 * Milliseconds for a whole reply, so that a server that sends a byte now and then cannot hold the
 * caller for ever. Default 600,000 (the longest wait of RFC 5321 section 4.5.3.2). 0 is no limit.
 * Acts at once on a running session. Ends in PH_ERR_READ_TIMEOUT.
 */
PH_API void ph_smtp_set_reply_timeout(ph_smtp *smtp, uint32_t timeout_ms);
PH_API uint32_t ph_smtp_reply_timeout(const ph_smtp *smtp);

/** How STARTTLS (RFC 3207) is used. */
typedef enum ph_starttls {
    PH_STARTTLS_OFF = 0,   /**< never */
    PH_STARTTLS_AUTO = 1,  /**< if the server offers it; the default */
    PH_STARTTLS_ALWAYS = 2 /**< PH_ERR_UNSUPPORTED if the server does not offer it */
} ph_starttls;

/**
 * TLS from the first byte (RFC 8314). Not together with STARTTLS always; auto gives way to it.
 * @return PH_OK, or PH_ERR_ARGUMENT ("SMTPS and STARTTLS are exclusive"), PH_ERR_STATE (started)
 */
PH_API PH_MUST_CHECK int ph_smtp_enable_tls(ph_smtp *smtp);
PH_API PH_MUST_CHECK int ph_smtp_disable_tls(ph_smtp *smtp);

/** STARTTLS always, or auto. Not together with ph_smtp_enable_tls. @return as ph_smtp_enable_tls */
PH_API PH_MUST_CHECK int ph_smtp_enable_starttls(ph_smtp *smtp);
PH_API PH_MUST_CHECK int ph_smtp_enable_starttls_auto(ph_smtp *smtp);

/** STARTTLS off. @return PH_OK, or PH_ERR_STATE (started) */
PH_API PH_MUST_CHECK int ph_smtp_disable_starttls(ph_smtp *smtp);

PH_API bool ph_smtp_tls(const ph_smtp *smtp);                  /**< @return implicit TLS is on */
PH_API ph_starttls ph_smtp_starttls_mode(const ph_smtp *smtp); /**< @return the mode */
PH_API bool ph_smtp_starttls_always(const ph_smtp *smtp);      /**< @return the mode is always */
PH_API bool ph_smtp_starttls_auto(const ph_smtp *smtp);        /**< @return the mode is auto */

/** @return the TLS settings of this client, to be changed in place; they live as long as it. */
PH_API ph_tls_config *ph_smtp_tls_config(ph_smtp *smtp);

/**
 * Lets PLAIN and LOGIN (and every mechanism that exposes the secret) run without TLS. Without this
 * they are refused with PH_ERR_INSECURE, unless the peer is a loopback address or a Unix socket.
 */
PH_API void ph_smtp_set_allow_plaintext_auth(ph_smtp *smtp, bool allow);

/** The identity to act for (RFC 4616 authzid); NULL for the user. @return PH_OK, PH_ERR_ARGUMENT,
 * PH_ERR_NO_MEMORY */
PH_API PH_MUST_CHECK int ph_smtp_set_authorization_id(ph_smtp *smtp, const char *authorization_id);

/**
 * Adds a SASL mechanism, or replaces one of the same name. See <posthaste/mechanism.h>.
 * @return PH_OK, PH_ERR_ARGUMENT (name or functions missing or malformed), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_smtp_add_mechanism(ph_smtp *smtp, const ph_mechanism *mechanism);

/**
 * The local address to connect from, an IPv4 or IPv6 address; NULL for the system's choice.
 * @return PH_OK, PH_ERR_ARGUMENT (not an address), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_smtp_set_bind_address(ph_smtp *smtp, const char *address);

/** Sets the function that dials (see <posthaste/server.h>); NULL for the library's own. It may
 * block; the open time limit cannot bound it. */
PH_API void ph_smtp_set_dial(ph_smtp *smtp, ph_dial_fn dial, void *user_data);

/* ---- Trace (Net::SMTP's debug output) ------------------------------------------------------ */

/** Traces to a function; NULL turns the trace off. Acts at once. */
PH_API void ph_smtp_set_trace(ph_smtp *smtp, ph_trace_fn trace, void *user_data);

/** Traces to a stream, which is borrowed, as lines that begin with "-- ", "<- " (sent), "-> "
 * (received); NULL for off. */
PH_API void ph_smtp_set_trace_file(ph_smtp *smtp, FILE *file);

/** Shows credentials in the trace. For the rare case that an AUTH exchange itself must be read. Off
 * by default. */
PH_API void ph_smtp_set_trace_secrets(ph_smtp *smtp, bool show);

/* ---- Session ------------------------------------------------------------------------------ */

/**
 * Connects and starts the session: [TLS]; greeting; EHLO (or HELO); [STARTTLS; TLS; EHLO];
 * [AUTH if user]. When it fails the connection is closed without QUIT and the object can be started
 * again.
 *
 * @param helo      name for EHLO and HELO; NULL for that of ph_smtp_server, "localhost" unless set
 * @param user      who logs in; NULL, with the next two, for the login of ph_smtp_server, which is
 *                  none unless set
 * @param secret    password or token; the library's copies are wiped once AUTH has ended
 * @param authtype  mechanism, any case, "_" is "-"; NULL for PLAIN; "auto" for the best that the
 *                  server offers and the connection allows
 * @return PH_OK; before anything is opened PH_ERR_STATE (already started) or PH_ERR_ARGUMENT (an
 *         unknown mechanism, user or secret missing, control bytes); PH_ERR_HOST_UNKNOWN,
 *         PH_ERR_OPEN_TIMEOUT, PH_ERR_CONFIGURATION, PH_ERR_CERTIFICATE, PH_ERR_UNSUPPORTED
 *         (STARTTLS always, not offered), PH_ERR_INSECURE, a refusal, or those at the top
 */
PH_API PH_MUST_CHECK int ph_smtp_start(ph_smtp *smtp, const char *helo, const char *user,
                                       const char *secret, const char *authtype);

/** Runs inside a started session. @return 0, or any other number to be passed on */
typedef int (*ph_smtp_fn)(ph_smtp *smtp, void *user_data);

/**
 * Starts a session, runs @p body in it, and finishes it whatever happens (Net::SMTP's start with
 * a block).
 * @return the start's error (then @p body did not run), or what @p body returned
 */
PH_API PH_MUST_CHECK int ph_smtp_start_scoped(ph_smtp *smtp, const char *helo, const char *user,
                                              const char *secret, const char *authtype,
                                              ph_smtp_fn body, void *user_data);

/**
 * Ends the session: QUIT if it is not broken, then the connection is closed in any case.
 * A server that answers QUIT badly or not at all is no failure: everything was done before. Its
 * words, if any, are in ph_smtp_reply, and ph_smtp_notice tells.
 * @return PH_OK, or PH_ERR_STATE (not started). An open message stream is aborted without end.
 */
PH_API int ph_smtp_finish(ph_smtp *smtp);

/** @return true from a start that succeeded until finish, also if the session broke meanwhile. */
PH_API bool ph_smtp_started(const ph_smtp *smtp);

/** @return the failure of the last call that failed, or NULL if the last call succeeded. */
PH_API const ph_error *ph_smtp_error(const ph_smtp *smtp);

/** @return the last reply to the last call, or NULL if no reply came. */
PH_API const ph_reply *ph_smtp_reply(const ph_smtp *smtp);

/**
 * @return a sentence on something that did not fail but should be known, such as a session that
 *         STARTTLS auto left without TLS; NULL if there is nothing. Valid until the next start.
 */
PH_API const char *ph_smtp_notice(const ph_smtp *smtp);

/** @return what the last TLS handshake agreed on, or NULL without TLS. Valid until the next start;
 * also after a start that failed behind the handshake. */
PH_API const ph_tls_info *ph_smtp_tls_info(const ph_smtp *smtp);

/* ---- Capabilities ------------------------------------------------------------------------- */

/** @return what the server offers, empty after HELO; NULL without a session. */
PH_API const ph_capabilities *ph_smtp_capabilities(const ph_smtp *smtp);

/** These answer 1 (yes), 0 (no) or -1 (no session). */
PH_API int ph_smtp_capable(const ph_smtp *smtp, const char *keyword);
PH_API int ph_smtp_auth_capable(const ph_smtp *smtp, const char *mechanism);
PH_API int ph_smtp_capable_starttls(const ph_smtp *smtp);
PH_API int ph_smtp_capable_plain_auth(const ph_smtp *smtp);
PH_API int ph_smtp_capable_login_auth(const ph_smtp *smtp);
PH_API int ph_smtp_capable_cram_md5_auth(const ph_smtp *smtp);

/* ---- Messages ----------------------------------------------------------------------------- */

/**
 * Sends a message: MAIL, RCPT for each recipient, DATA, the content.
 *
 * If recipients are refused, the policy of the message decides; PH_RCPT_ALL resets the transaction
 * (RSET) and leaves the session usable. With PH_RCPT_ANY a message that reached at least one
 * recipient is a success: ask ph_smtp_result who was refused.
 * If the source fails, or the connection is lost, the connection is dropped without an end of
 * data, so that no truncated message is delivered.
 *
 * @return PH_OK; PH_ERR_ARGUMENT (no recipient; before anything is sent), PH_ERR_UNSUPPORTED
 *         (SMTPUTF8 or 8BITMIME needed, not offered; before MAIL), PH_ERR_SOURCE, a refusal, or
 *         those at the top. The error's outcome says what became of the message.
 */
PH_API PH_MUST_CHECK int ph_smtp_send(ph_smtp *smtp, ph_message *message);

/**
 * The same for content in memory and plain addresses (Net::SMTP's send_message).
 * @param to  @p n_to recipients, at least 1
 */
PH_API PH_MUST_CHECK int ph_smtp_send_message(ph_smtp *smtp, const void *content, size_t n,
                                              const char *from, const char *const *to, size_t n_to);

/** @return what became of the last message, recipient by recipient; NULL if none was sent. Valid
 * until the next one. */
PH_API const ph_result *ph_smtp_result(const ph_smtp *smtp);

/** Hands the last result over to the caller, who frees it; the client has none then. NULL if there
 * is none. */
PH_API ph_result *ph_smtp_take_result(ph_smtp *smtp);

/** Writes a message's content. @return 0, or anything else to abort: nothing is delivered then */
typedef int (*ph_writer_fn)(ph_writer *writer, void *user_data);

/**
 * Sends a message whose content @p write writes (Net::SMTP's open_message_stream).
 * @return as ph_smtp_send; PH_ERR_SOURCE if @p write returned anything but 0
 */
PH_API PH_MUST_CHECK int ph_smtp_open_message_stream(ph_smtp *smtp, const char *from,
                                                     const char *const *to, size_t n_to,
                                                     ph_writer_fn write, void *user_data);

/**
 * Begins a message and lends a writer for its content; only ph_writer_... and ph_smtp_end_message,
 * ph_smtp_abort_message, ph_smtp_finish and ph_smtp_free may follow.
 * @param envelope  its content is not used; it must stay until the message has ended
 * @return as ph_smtp_send
 */
PH_API PH_MUST_CHECK int ph_smtp_begin_message(ph_smtp *smtp, ph_message *envelope,
                                               ph_writer **writer);

/** Ends the message that was begun and waits for the server's word. @return as ph_smtp_send */
PH_API PH_MUST_CHECK int ph_smtp_end_message(ph_smtp *smtp);

/** Drops the connection, so that the message that was begun is not delivered. @return PH_OK or
 * PH_ERR_STATE */
PH_API int ph_smtp_abort_message(ph_smtp *smtp);

/* ---- Single commands: each sends one and needs 2yz, unless said otherwise ------------------ */

/** @param helo as for ph_smtp_start. What the server offers is not changed by these two. */
PH_API PH_MUST_CHECK int ph_smtp_helo(ph_smtp *smtp, const char *helo);
PH_API PH_MUST_CHECK int ph_smtp_ehlo(ph_smtp *smtp, const char *helo);

/**
 * Sends STARTTLS alone, as Net::SMTP does: after 220 the server awaits a handshake, which this call
 * does not make. The session can only be finished then. Use ph_smtp_enable_starttls to get TLS.
 */
PH_API PH_MUST_CHECK int ph_smtp_starttls(ph_smtp *smtp);

/** MAIL with a plain address, or with parameters. @return also PH_ERR_ARGUMENT (not an address) and
 * PH_ERR_UNSUPPORTED (SMTPUTF8 is needed and not offered); nothing is sent then */
PH_API PH_MUST_CHECK int ph_smtp_mailfrom(ph_smtp *smtp, const char *mailbox);
PH_API PH_MUST_CHECK int ph_smtp_mailfrom_address(ph_smtp *smtp, const ph_address *address);

/** RCPT with a plain address, or with parameters. @return as ph_smtp_mailfrom */
PH_API PH_MUST_CHECK int ph_smtp_rcptto(ph_smtp *smtp, const char *mailbox);
PH_API PH_MUST_CHECK int ph_smtp_rcptto_address(ph_smtp *smtp, const ph_address *address);

/** RCPT for each; the first refusal ends it, and RSET is sent so that the session stays usable. */
PH_API PH_MUST_CHECK int ph_smtp_rcptto_list(ph_smtp *smtp, const char *const *to, size_t n_to);

/** DATA with content from memory, from a callback, or from a writer, and the reply to its end. */
PH_API PH_MUST_CHECK int ph_smtp_data(ph_smtp *smtp, const void *content, size_t n);
PH_API PH_MUST_CHECK int ph_smtp_data_callback(ph_smtp *smtp, ph_read_fn read, void *user_data);
PH_API PH_MUST_CHECK int ph_smtp_data_stream(ph_smtp *smtp, ph_writer_fn write, void *user_data);

PH_API PH_MUST_CHECK int ph_smtp_rset(ph_smtp *smtp);
PH_API PH_MUST_CHECK int ph_smtp_noop(ph_smtp *smtp);
PH_API PH_MUST_CHECK int ph_smtp_vrfy(ph_smtp *smtp, const char *name);

/** @param topic  NULL for none */
PH_API PH_MUST_CHECK int ph_smtp_help(ph_smtp *smtp, const char *topic);

/** Sends QUIT alone; the session stays started until ph_smtp_finish, which then sends none. */
PH_API PH_MUST_CHECK int ph_smtp_quit(ph_smtp *smtp);

/**
 * Sends any command line and waits for its reply, whatever its code (Net::SMTP's get_response).
 * @param line  without line end; no control bytes
 * @return PH_OK if a reply came: ask ph_smtp_reply
 */
PH_API PH_MUST_CHECK int ph_smtp_command(ph_smtp *smtp, const char *line);

/**
 * Logs in to a started session. Arguments as for ph_smtp_start.
 * @return PH_OK, PH_ERR_ARGUMENT, PH_ERR_INSECURE, PH_ERR_AUTHENTICATION (whatever the final code),
 *         or the class of an intermediate reply
 */
PH_API PH_MUST_CHECK int ph_smtp_authenticate(ph_smtp *smtp, const char *user, const char *secret,
                                              const char *authtype);
PH_API PH_MUST_CHECK int ph_smtp_auth_plain(ph_smtp *smtp, const char *user, const char *secret);
PH_API PH_MUST_CHECK int ph_smtp_auth_login(ph_smtp *smtp, const char *user, const char *secret);
PH_API PH_MUST_CHECK int ph_smtp_auth_cram_md5(ph_smtp *smtp, const char *user, const char *secret);

PH_END_DECLS

#endif
