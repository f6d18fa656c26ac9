/* SPDX-License-Identifier: MIT */
/*
 * What a connection consists of, for the files that make it up: connection.c (life and dispatch),
 * opening.c (resolve, dial, TLS), login.c,
 * exchange.c (bytes between stream and session), deadlines.c.
 */
#ifndef PH_CONNECTION_CONNECTION_STATE_H
#define PH_CONNECTION_CONNECTION_STATE_H

#include "connection/connection.h"
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
    ph__source_buffer_size = 64 * 1024,
    ph__first_bytes = 8
};

struct ph__connection {
    ph_server *server; /* kept */
    const ph_allocator *allocator;
    int port;
    enum ph__connection_stage stage;

    char *host; /* the address as DNS and TLS know it: A-labels */
    struct ph__resolver *resolver;
    struct ph__dialer *dialer;
    struct ph__stream *stream;
    struct ph__session *session;
    bool is_local;
    bool is_logging_in; /* as the server's settings say, before READY */
    ph_tls_info *tls_info;

    /* What the stream waits for; while it waits to write, reading goes on. */
    bool read_wants_write;
    bool write_is_blocked;
    bool write_wants_read;

    uint64_t opening_since; /* the stage that the open limit covers */
    uint64_t reading_since; /* the last byte, or the begin of the wait; 0: no wait */
    uint64_t reply_since;   /* the begin of the wait for a whole reply */
    uint64_t writing_since; /* the last progress of a blocked write */
    uint64_t replies_seen;

    struct ph__source *source;
    uint8_t *source_buffer;
    uint8_t first_bytes[ph__first_bytes]; /* received; they tell what listens there */
    size_t first_count;

    struct ph__event event; /* for the caller; NONE: there is none */
    struct ph__error error;
};

/* ---- connection.c ---------------------------------------------------------------------------- */

/* Ends everything; connection->error has been set. */
void ph__connection_fail(struct ph__connection *connection);

void ph__connection_trace(const struct ph__connection *connection, const char *format, ...)
    PH_PRINTF(2, 3);

/* Hands on what the session has to say. @return PH__EVENT_START_TLS came: the stream must change */
bool ph__connection_drain_events(struct ph__connection *connection);

/* ---- login.c --------------------------------------------------------------------------------- */

/* Submits AUTH as the server's settings say. @return PH_OK, or a failure with connection->error */
int ph__connection_log_in_as_set(struct ph__connection *connection);

/* ---- opening.c ------------------------------------------------------------------------------- */

/* Each takes its stage on. @return it has ended, well or not: go on with the new stage */
bool ph__connection_resolve(struct ph__connection *connection, const struct pollfd *fds,
                            size_t count, uint64_t now_ms);
bool ph__connection_dial(struct ph__connection *connection, const struct pollfd *fds, size_t count,
                         uint64_t now_ms);
bool ph__connection_handshake(struct ph__connection *connection, uint64_t now_ms);

void ph__connection_begin_resolving(struct ph__connection *connection);

/* Puts TLS on the stream and begins the handshake. */
void ph__connection_begin_handshake(struct ph__connection *connection, uint64_t now_ms);

/* ---- exchange.c ------------------------------------------------------------------------------ */

/* Moves bytes both ways as far as it goes. @return the stage changed */
bool ph__connection_exchange(struct ph__connection *connection, bool is_readable, uint64_t now_ms);

/* ---- deadlines.c ----------------------------------------------------------------------------- */

/* Fails the connection if a time limit has passed. */
void ph__connection_check_deadline(struct ph__connection *connection, uint64_t now_ms);

/* Notes that waiting begins, goes on or ends. */
void ph__connection_note_progress(struct ph__connection *connection, bool received, bool wrote,
                                  uint64_t now_ms);

#endif
