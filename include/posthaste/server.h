/* SPDX-License-Identifier: MIT */
/*
 * ph_server: where a server is and how to talk to it, said once for as many connections as are
 * made to it: address, TLS, login, time limits, and what of the server's offers is used.
 *
 * A server is frozen by its first use (ph_connection_new, ph_pool_add): its setters, and those of
 * its TLS settings, return PH_ERR_STATE from then on, so that everything that shares a connection
 * was meant to. It counts its users: ph_server_free gives up the caller's part, and what uses it
 * keeps it alive. A server and everything made with it belong to one thread at a time. Strings are
 * copied.
 */
#ifndef POSTHASTE_SERVER_H
#define POSTHASTE_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <posthaste/allocator.h>
#include <posthaste/api.h>
#include <posthaste/mechanism.h>
#include <posthaste/tls.h>
#include <posthaste/trace.h>

PH_BEGIN_DECLS

#define PH_PORT_SMTP        25   /**< RFC 5321; the default */
#define PH_PORT_SUBMISSION  587  /**< RFC 6409 */
#define PH_PORT_SUBMISSIONS 465  /**< RFC 8314 section 3.3, TLS from the first byte */
#define PH_PORT_INFERRED    (-1) /**< 465 with implicit TLS, 587 if a user logs in, else 25 */

typedef struct ph_server ph_server;

/**
 * Describes a server. Opens nothing.
 *
 * @param address    host name (ASCII or UTF-8, RFC 5890), IPv4 or IPv6 address (with or without
 *                   brackets), or "unix:PATH" for a Unix socket
 * @param port       1 to 65535, 0 for 25, PH_PORT_INFERRED
 * @param allocator  memory functions, or NULL for malloc and free; copied; what is made with the
 *                   server uses them too
 * @param out        receives the server; the caller gives it up with ph_server_free
 * @return PH_OK, PH_ERR_ARGUMENT (empty, over-long or malformed address; port out of range),
 *         PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_server_new(const char *address, int port, const ph_allocator *allocator,
                                       ph_server **out);

/** Gives up the caller's part of a server. NULL is allowed. Credentials are wiped with the last. */
PH_API void ph_server_free(ph_server *server);

PH_API const char *ph_server_address(const ph_server *server); /**< @return as it was given */
PH_API int ph_server_port(const ph_server *server); /**< @return the port, inferred if need be */

/* ---- TLS ----------------------------------------------------------------------------------- */

/** When TLS begins. */
typedef enum ph_tls_mode {
    PH_TLS_OFF = 0,             /**< never */
    PH_TLS_STARTTLS_AUTO = 1,   /**< STARTTLS (RFC 3207) if the server offers it; the default */
    PH_TLS_STARTTLS_ALWAYS = 2, /**< PH_ERR_UNSUPPORTED if it does not */
    PH_TLS_IMPLICIT = 3         /**< from the first byte (RFC 8314 section 3.3) */
} ph_tls_mode;

/** @return PH_OK, PH_ERR_ARGUMENT (a number that is none), PH_ERR_STATE (frozen) */
PH_API PH_MUST_CHECK int ph_server_set_tls_mode(ph_server *server, ph_tls_mode mode);

/** @return the TLS settings, to be changed in place before the first use, which freezes them; they
 * live as long as it. */
PH_API ph_tls_config *ph_server_tls_config(ph_server *server);

/* ---- Introduction and login ----------------------------------------------------------------- */

/** The name for EHLO and HELO; NULL for "localhost", the default. @return PH_OK, PH_ERR_ARGUMENT
 * (empty, over 255 bytes, blanks, not printable ASCII), PH_ERR_STATE, PH_ERR_NO_MEMORY */
PH_API PH_MUST_CHECK int ph_server_set_helo(ph_server *server, const char *helo);

/** Whether EHLO is tried first (true, the default) or HELO is sent at once. */
PH_API PH_MUST_CHECK int ph_server_set_esmtp(ph_server *server, bool esmtp);

/**
 * Logs in with AUTH (RFC 4954) on every connection.
 *
 * @param user      who logs in; NULL for no AUTH, the default
 * @param secret    password or token; kept until the server is freed, then wiped
 * @param authtype  mechanism, any case, "_" is "-"; NULL for PLAIN; "auto" for the best that the
 *                  server offers and the connection allows
 * @return PH_OK, PH_ERR_ARGUMENT (unknown mechanism, user or secret missing, control bytes),
 *         PH_ERR_STATE, PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_server_set_login(ph_server *server, const char *user,
                                             const char *secret, const char *authtype);

/** The identity to act for (RFC 4616 authzid); NULL for the user. */
PH_API PH_MUST_CHECK int ph_server_set_authorization_id(ph_server *server,
                                                        const char *authorization_id);

/** Adds a SASL mechanism, or replaces one of the same name. See <posthaste/mechanism.h>. */
PH_API PH_MUST_CHECK int ph_server_add_mechanism(ph_server *server, const ph_mechanism *mechanism);

/** Lets mechanisms that expose the secret run without TLS to a peer that is not local. */
PH_API PH_MUST_CHECK int ph_server_set_allow_plaintext_auth(ph_server *server, bool allow);

/* ---- Time limits, in milliseconds; 0 is no limit -------------------------------------------- */

/** Name look-up and connecting together, and once more the TLS handshake. Default 30,000. */
PH_API PH_MUST_CHECK int ph_server_set_open_timeout(ph_server *server, uint32_t timeout_ms);

/** Each wait until the server sends something. Default 60,000. */
PH_API PH_MUST_CHECK int ph_server_set_read_timeout(ph_server *server, uint32_t timeout_ms);

/** Each wait until the server takes something. Default 60,000. */
PH_API PH_MUST_CHECK int ph_server_set_write_timeout(ph_server *server, uint32_t timeout_ms);

/** A whole reply (RFC 5321 section 4.5.3.2). Default 600,000. */
PH_API PH_MUST_CHECK int ph_server_set_reply_timeout(ph_server *server, uint32_t timeout_ms);

/* ---- The way there -------------------------------------------------------------------------- */

/** The local address to connect from, IPv4 or IPv6; NULL for the system's choice. */
PH_API PH_MUST_CHECK int ph_server_set_bind_address(ph_server *server, const char *address);

/**
 * Dials in the library's place.
 * @param fd  receives a connected stream socket, which the connection then owns and closes
 * @return 0, or an errno value that ends the opening in PH_ERR_IO
 */
typedef int (*ph_dial_fn)(const char *address, int port, uint32_t timeout_ms, int *fd,
                          void *user_data);

/** Sets the function that dials; NULL for the library's own. It may block, and everything that
 * shares the thread waits then; the open time limit cannot bound it. */
PH_API PH_MUST_CHECK int ph_server_set_dial(ph_server *server, ph_dial_fn dial, void *user_data);

/* ---- What is used of what the server offers -------------------------------------------------- */

/** Ways to save round trips, which a server that misbehaves can be spared. All are on. */
typedef enum ph_feature {
    PH_FEATURE_PIPELINING = 1, /**< several commands in one write (RFC 2920) */
    PH_FEATURE_CHUNKING = 2,   /**< BDAT in place of DATA (RFC 3030); needs pipelining */
    PH_FEATURE_OVERLAP = 4     /**< the next envelope goes along with this message's end */
} ph_feature;

/**
 * Turns features off, or on again.
 * @param features  any of ph_feature, joined by |
 * @return PH_OK, PH_ERR_ARGUMENT, PH_ERR_STATE
 *
 * A server that falls silent while a feature is in use is given up as always (PH_ERR_READ_TIMEOUT,
 * or, in the middle of a chunk, PH_ERR_WRITE_TIMEOUT); the connections that are made to it in the
 * hour after that go without that feature. The same holds for a server that offers CHUNKING and
 * does not know BDAT (PH_ERR_PROTOCOL).
 */
PH_API PH_MUST_CHECK int ph_server_set_features(ph_server *server, unsigned features, bool use);

/** @return the features in use: those set, less those found wanting. What is an hour old is
 * forgotten when the next connection begins. */
PH_API unsigned ph_server_features(const ph_server *server);

/**
 * For a relay that is known to be good: whole transactions leave one behind the other (MAIL, RCPT,
 * BDAT LAST, RSET, MAIL, ...), without waiting for the replies to their recipients. RSET is what
 * RFC 3030 section 2 demands behind a BDAT that fails, which is not known in time here.
 *
 * @param transactions  how many may be in flight, 1 to 1000; 1, the default, turns this off
 * @param bytes         how many bytes of content may be in flight; one message always may
 * @return PH_OK, PH_ERR_ARGUMENT, PH_ERR_STATE
 *
 * Only for a server that discards what follows a refused BDAT (RFC 3030 section 2): some read the
 * content of a message whose recipients they refused as commands, and content that a stranger wrote
 * could then speak for you. It needs CHUNKING and PIPELINING; content in memory; and one recipient,
 * or PH_RCPT_ANY: every other message is sent as if the window were 1.
 */
PH_API PH_MUST_CHECK int ph_server_set_window(ph_server *server, uint32_t transactions,
                                              uint64_t bytes);

/* ---- Trace ----------------------------------------------------------------------------------- */

/** Traces every connection to a function; NULL for none. Credentials are never shown. */
PH_API PH_MUST_CHECK int ph_server_set_trace(ph_server *server, ph_trace_fn trace, void *user_data);

/** Traces every connection to a stream, as ph_trace_to_file does; NULL for none. The stream is
 * borrowed, by the connections as well. @return PH_OK, PH_ERR_STATE */
PH_API PH_MUST_CHECK int ph_server_set_trace_file(ph_server *server, FILE *file);

PH_END_DECLS

#endif
