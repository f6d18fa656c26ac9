/* SPDX-License-Identifier: MIT */
/*
 * ph_connection: one session that never blocks, for any event loop.
 *
 * The loop is the caller's. It polls what ph_connection_pollfds names, until
 * ph_connection_deadline at the latest, and calls ph_connection_process with what it learned and
 * the time. What happened comes as events, pulled with ph_connection_next_event, or, when a
 * handler was set, by calls of it from within ph_connection_process alone.
 *
 *     ph_connection_new(server, ph_now_ms(), &connection);
 *     for (;;) {
 *         while (ph_connection_next_event(connection, &event))
 *             ...;                                  // READY, MESSAGE_DONE, CLOSED; send more
 *         n = ph_connection_pollfds(connection, fds);
 *         poll(fds, n, ph_connection_poll_timeout(connection, ph_now_ms()));
 *         ph_connection_process(connection, fds, n, ph_now_ms());
 *     }
 *
 * Messages are sent in the order in which they were added. Where the server offers PIPELINING, the
 * envelope of the next one leaves with the end of this one (RFC 2920): a stream of messages costs
 * one round trip each. Adapters for poll, epoll, libev, libuv and GLib: <posthaste/adapters/>.
 *
 * A connection belongs to one thread at a time. Nothing here blocks, except what the caller lends:
 * a message's source that blocks (a pipe, a callback), and a dial function.
 */
#ifndef POSTHASTE_CONNECTION_H
#define POSTHASTE_CONNECTION_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/api.h>
#include <posthaste/capabilities.h>
#include <posthaste/error.h>
#include <posthaste/message.h>
#include <posthaste/reply.h>
#include <posthaste/server.h>
#include <posthaste/tls.h>

PH_BEGIN_DECLS

typedef struct ph_connection ph_connection;

/** What happened. */
typedef enum ph_event_type {
    PH_EVENT_READY = 1,        /**< the session is started and logged in */
    PH_EVENT_MESSAGE_DONE = 2, /**< a message has ended, well or not */
    PH_EVENT_COMMAND_DONE =
        3,              /**< the reply to ph_connection_noop or ph_connection_reset is here */
    PH_EVENT_CLOSED = 4 /**< the last event: the connection is closed */
} ph_event_type;

/** One event. What it points to is valid until the next call on the connection. */
typedef struct ph_event {
    ph_event_type type;
    int status;              /**< PH_OK or the failure; of CLOSED: PH_OK after QUIT */
    ph_message *message;     /**< MESSAGE_DONE: which; it is the caller's again */
    const ph_result *result; /**< MESSAGE_DONE: what became of it, recipient by recipient */
    void *user_data;         /**< MESSAGE_DONE: as given to ph_connection_send */
} ph_event;

/** @return milliseconds of a clock that only goes forward, never 0; for the now_ms of every call */
PH_API uint64_t ph_now_ms(void);

/**
 * Begins to open a connection: look-up, dialing, TLS, EHLO, login. Ends in READY or CLOSED.
 *
 * @param server  is frozen, and kept as long as the connection lives
 * @param out     receives the connection; the caller frees it
 * @return PH_OK, PH_ERR_NO_MEMORY, PH_ERR_ARGUMENT (the server is that of a ph_smtp); every other
 *         failure is an event
 */
PH_API PH_MUST_CHECK int ph_connection_new(ph_server *server, uint64_t now_ms, ph_connection **out);

/**
 * Closes at once, without QUIT, and frees. NULL is allowed. No event follows; messages that are
 * under way are forgotten (ph_connection_close tells what became of them). May be called by the
 * connection's own handler.
 */
PH_API void ph_connection_free(ph_connection *connection);

/* ---- Being driven ---------------------------------------------------------------------------- */

/** Room that ph_connection_pollfds needs: look-up and dialing may use several descriptors at once.
 */
#define PH_POLLFDS_MAX 24

/** When nothing is waited for. */
#define PH_NO_DEADLINE UINT64_MAX

/** @return how many of @p fds (room for PH_POLLFDS_MAX) were set to what is waited for now. They
 * may change with every call of ph_connection_process, _next_event, _send and _close. */
PH_API size_t ph_connection_pollfds(ph_connection *connection, struct pollfd *fds);

/** @return the way there was found: ph_connection_pollfds names one descriptor, the same until
 * CLOSED. Before that a number may come to stand for another descriptor from call to call, which
 * what remembers descriptors by number (epoll) has to mind. */
PH_API bool ph_connection_is_connected(const ph_connection *connection);

/** @return when (of ph_now_ms) process must be called at the latest, or PH_NO_DEADLINE */
PH_API uint64_t ph_connection_deadline(ph_connection *connection, uint64_t now_ms);

/** @return the same as a time limit for poll: milliseconds from @p now_ms, or -1 for none */
PH_API int ph_connection_poll_timeout(ph_connection *connection, uint64_t now_ms);

/**
 * Takes everything on as far as it goes without waiting.
 * @param fds  as polled, with revents, or as many of them as became ready; may be NULL if
 *             @p count is 0
 */
PH_API void ph_connection_process(ph_connection *connection, const struct pollfd *fds, size_t count,
                                  uint64_t now_ms);

/**
 * Pulls the next event, and takes the connection on where that needs no reading.
 * @return false: there is none, and everything that could be written without waiting was. Always
 *         false once a handler is set.
 */
PH_API bool ph_connection_next_event(ph_connection *connection, ph_event *event);

/** Takes an event. It may call anything, ph_connection_free on @p connection included. */
typedef void (*ph_event_fn)(ph_connection *connection, const ph_event *event, void *user_data);

/**
 * Has events handed to a function by ph_connection_process; NULL: they are pulled again. What is
 * called from outside of it (send, quit, close) takes effect at the next process, which the
 * deadline then asks for at once.
 */
PH_API void ph_connection_set_handler(ph_connection *connection, ph_event_fn handler,
                                      void *user_data);

/* ---- Messages -------------------------------------------------------------------------------- */

/**
 * Adds a message, also before READY. It and its source stay the caller's, who leaves them alone
 * until MESSAGE_DONE. One whose content is in memory may be added again before that, also to other
 * connections of the same thread: it is sent, and told of, once for each time.
 *
 * @param user_data  comes back with the event
 * @return PH_OK: MESSAGE_DONE will come; PH_ERR_FULL (as many as may wait do: go on at the next
 *         MESSAGE_DONE), PH_ERR_STATE (closed, or closing), PH_ERR_NO_MEMORY
 */
PH_API PH_MUST_CHECK int ph_connection_send(ph_connection *connection, ph_message *message,
                                            void *user_data);

/** @return how many more messages ph_connection_send takes now */
PH_API size_t ph_connection_room(const ph_connection *connection);

/**
 * Takes a message back. What was sent of it is undone where SMTP can: by RSET while it is an
 * envelope, by dropping the connection while it is content. MESSAGE_DONE comes for it, and for
 * every other that the drop cost, as always. Of one that was added more than once, the first that
 * can still be taken back is meant.
 *
 * @return PH_OK: its status will be PH_ERR_CANCELLED; PH_ERR_STATE: its end was sent, and it ends
 *         as the server says (or it was refused or taken back before, or is not under way at all)
 */
PH_API int ph_connection_cancel(ph_connection *connection, const ph_message *message);

/** NOOP and RSET, between READY and quit, when no message is under way and no other of them. End in
 * COMMAND_DONE. @return PH_OK, PH_ERR_STATE, PH_ERR_NO_MEMORY */
PH_API PH_MUST_CHECK int ph_connection_noop(ph_connection *connection);
PH_API PH_MUST_CHECK int ph_connection_reset(ph_connection *connection);

/** QUIT behind the messages that were added, and CLOSED. @return PH_OK, PH_ERR_STATE (closed) */
PH_API int ph_connection_quit(ph_connection *connection);

/** Closes at once, without QUIT: MESSAGE_DONE for each message with its outcome, and CLOSED. */
PH_API void ph_connection_close(ph_connection *connection);

/* ---- Questions ------------------------------------------------------------------------------- */

/** @return the failure that closed the connection (also one behind QUIT, which is no failure of
 * CLOSED), or of the last event; NULL for none. */
PH_API const ph_error *ph_connection_error(const ph_connection *connection);

/** @return the last reply that came, while events are taken; NULL if none did, or at rest. */
PH_API const ph_reply *ph_connection_reply(const ph_connection *connection);

/** @return a sentence on what did not fail but should be known, such as a session without TLS, or
 * NULL. */
PH_API const char *ph_connection_notice(const ph_connection *connection);

/** @return what the server offers; NULL before READY. */
PH_API const ph_capabilities *ph_connection_capabilities(const ph_connection *connection);

/** @return what the TLS handshake agreed on, or NULL. */
PH_API const ph_tls_info *ph_connection_tls_info(const ph_connection *connection);

/** @return how many replies were waited for: times that something was sent and read in turn. */
PH_API uint64_t ph_connection_round_trips(const ph_connection *connection);

PH_END_DECLS

#endif
