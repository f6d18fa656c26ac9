/* SPDX-License-Identifier: MIT */
/*
 * What a connection consists of, for the files that make it up: connection.c (life and dispatch of
 * its stages), opening.c (resolve, dial, TLS), login.c, exchange.c (bytes between stream and
 * session), deadlines.c, messages.c (those that wait or are under way), events.c (what the program
 * is told).
 */
#ifndef PH_CONNECTION_CONNECTION_STATE_H
#define PH_CONNECTION_CONNECTION_STATE_H

#include "connection/connection.h"
#include "connection/message.h"
#include "transport/dial.h"
#include "transport/resolve.h"
#include "transport/stream.h"

enum ph__connection_stage {
    PH__STAGE_RESOLVING,
    PH__STAGE_DIALING,
    PH__STAGE_HANDSHAKING,
    PH__STAGE_OPEN,
    PH__STAGE_CLOSED
};

enum {
    ph__read_size = 16 * 1024,
    ph__source_buffer_size = 128 * 1024,
    ph__first_bytes = 3 /* they tell TLS from SMTP */
};

/* A message that was added, until its event was pulled. */
enum ph__slot_state {
    PH__SLOT_WAITING,
    PH__SLOT_SUBMITTED, /* to the session, whose tag is the slot */
    PH__SLOT_DONE       /* its result is whole */
};

struct ph__slot {
    enum ph__slot_state state;
    ph_message *message;
    void *user_data;
    ph_result *result; /* kept for the next message; NULL until there was one */
};

struct ph_connection {
    ph_server *server; /* kept */
    const ph_allocator *allocator;
    int port;
    enum ph__connection_stage stage;

    char *host; /* as DNS and TLS know it: A-labels; NULL once READY was told */
    struct ph__resolver *resolver;
    struct ph__dialer *dialer;
    struct ph__stream *stream;
    struct ph__session *session;
    const char *helo; /* NULL: the server's; borrowed, for the opening */
    ph_tls_info *tls_info;
    bool is_local;
    bool has_own_login; /* the server's user does not log in */
    bool is_logging_in; /* as the server's settings say, before READY */

    /* What the stream waits for; while it waits to write, reading goes on. */
    bool read_wants_write;
    bool write_is_blocked;
    bool write_wants_read;
    bool has_received; /* bytes, since progress was noted */
    bool has_sent;

    uint64_t opening_since; /* the stage that the open limit covers */
    uint64_t reading_since; /* the last byte, or the begin of the wait; 0: no wait */
    uint64_t reply_since;   /* the begin of the wait for a whole reply */
    uint64_t writing_since; /* the last progress of a blocked write */
    uint64_t replies_seen;

    struct ph__source *source;
    uint8_t *source_buffer;
    int file; /* whose bytes leave without being read */
    uint8_t first_count;
    uint8_t first_bytes[ph__first_bytes]; /* received */

    /* Messages in the order in which they were added. */
    struct ph__slot *slots; /* a ring; NULL until there was a message */
    uint32_t slots_size;    /* at most the server's window */
    uint32_t slots_head;
    uint32_t message_count;
    uint32_t submitted_count; /* so many from the head do not wait any longer */

    struct ph__event event; /* of the session, to be told; NONE: there is none */
    bool is_ready;
    bool has_rested;   /* since READY: opening needs more memory than waiting */
    bool is_commanded; /* a NOOP, RSET or QUIT of the program is under way */
    bool wants_quit;
    bool has_quit;        /* QUIT was submitted: whatever ends the connection now is no failure */
    bool has_told_end;    /* CLOSED, or FAILED, was pulled */
    bool has_work;        /* something was submitted, and nothing was written since */
    bool may_have_output; /* the session told an event since, which may bring more to write */
    const ph_error *event_error; /* of the last event */

    ph_event_fn handler; /* NULL: events are pulled */
    void *handler_data;
    bool is_processing;
    bool is_freed; /* by its own handler: let go when that is back */

    bool is_clock_stale; /* something was written since it was told */
    bool has_written;    /* and nothing was read since */
    uint64_t now_ms;     /* as it was told last */
    uint64_t round_trips;

    struct ph__error error;
};

/* ---- connection.c ---------------------------------------------------------------------------- */

/* Ends everything; connection->error has been set. */
void ph__connection_fail(ph_connection *connection);

/* Closes without any word on it. The session stays, for its last words. */
void ph__connection_shut(ph_connection *connection);

void ph__connection_trace(const ph_connection *connection, const char *format, ...) PH_PRINTF(2, 3);

/* Hands on what the session has to say. @return PH__EVENT_START_TLS came: the stream must change */
bool ph__connection_drain_events(ph_connection *connection);

/* ---- login.c --------------------------------------------------------------------------------- */

/* Submits AUTH as the server's settings say. @return PH_OK, or a failure with connection->error */
int ph__connection_log_in_as_set(ph_connection *connection);

/* ---- opening.c ------------------------------------------------------------------------------- */

/* Each takes its stage on. @return it has ended, well or not: go on with the new stage */
bool ph__connection_resolve(ph_connection *connection, const struct pollfd *fds, size_t count,
                            uint64_t now_ms);
bool ph__connection_dial(ph_connection *connection, const struct pollfd *fds, size_t count,
                         uint64_t now_ms);
bool ph__connection_handshake(ph_connection *connection, uint64_t now_ms);

void ph__connection_begin_resolving(ph_connection *connection);

/* Puts TLS on the stream and begins the handshake. */
void ph__connection_begin_handshake(ph_connection *connection, uint64_t now_ms);

/* ---- exchange.c ------------------------------------------------------------------------------ */

/* Writes what may be written now. */
void ph__connection_write(ph_connection *connection, uint64_t now_ms);

/* Moves bytes both ways as far as it goes. @return the stage changed */
bool ph__connection_exchange(ph_connection *connection, bool is_readable, uint64_t now_ms);

/* ---- deadlines.c ----------------------------------------------------------------------------- */

/* Notes what was written when the time was not known. */
void ph__connection_set_clock(ph_connection *connection, uint64_t now_ms);

/* Fails the connection if a time limit has passed. */
void ph__connection_check_deadline(ph_connection *connection, uint64_t now_ms);

/* Notes that waiting begins, goes on or ends. */
void ph__connection_note_progress(ph_connection *connection, uint64_t now_ms);

/* ---- messages.c ------------------------------------------------------------------------------ */

/* The connection is closed: no message waits any longer. */
void ph__messages_end(ph_connection *connection);

/* Submits what the session has room for: messages, and QUIT behind them. */
void ph__messages_submit(ph_connection *connection);

/* Takes the first message out, if it is done. @return it was */
bool ph__messages_pull(ph_connection *connection, ph_event *event);

/* @return the slot that the session knows by this tag; NULL if it is none of a message */
struct ph__slot *ph__messages_slot(const ph_connection *connection, const void *tag);

/* @return the first message's event can be pulled */
bool ph__messages_are_done(const ph_connection *connection);

/* @return where the content comes from that the session awaits; NULL: nowhere */
struct ph__source *ph__messages_source(ph_connection *connection);

void ph__messages_free(ph_connection *connection);

/* ---- events.c -------------------------------------------------------------------------------- */

/* Hands events to the handler until there is none, and writes what comes of it. */
void ph__events_deliver(ph_connection *connection);

/* @return there is something to be told, or done, without any wait */
bool ph__events_are_due(const ph_connection *connection);

#endif
