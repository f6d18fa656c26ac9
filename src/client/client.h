/* SPDX-License-Identifier: MIT */
/*
 * What a blocking client consists of, for the files that make it up: smtp.c (making and settings),
 * wait.c (the poll loop), start.c, commands.c, send.c, writer.c.
 */
#ifndef PH_CLIENT_CLIENT_H
#define PH_CLIENT_CLIENT_H

#include <posthaste/smtp.h>

#include "connection/connection.h"
#include "connection/message.h"

enum {
    ph__writer_buffer_size = 16 * 1024
};

struct ph_writer {
    struct ph_smtp *smtp;
    struct ph__buffer buffer;
    bool is_open;
    int failure; /* of the first call that failed */
};

struct ph_smtp {
    ph_server server; /* its settings; never frozen */
    const ph_allocator *allocator;

    /* session */
    ph_connection *connection; /* NULL: none */
    int port_in_use;
    bool is_started;
    bool has_quit;
    struct ph__source source;
    struct ph_writer writer;

    /* what the last calls left */
    struct ph__error error;
    struct ph__reply_buffer reply;
    ph_result *result;
    ph_tls_info *tls_info; /* of a connection that is closed */
    char notice[512];
    char *description;
};

/* ---- wait.c ---------------------------------------------------------------------------------- */

/**
 * Drives the connection until it has an event, or, if @p until_push, until a pushed source is
 * asked for more.
 * @return the event's status, recorded with its error and reply; PH_OK when the source is asked
 */
int ph__client_run(ph_smtp *smtp, bool until_push);

/** Begins a call that needs a session. @return PH_OK, or PH_ERR_STATE with its error recorded */
int ph__client_begin(ph_smtp *smtp);

/** Records that an operation was refused before it began. @return @p status */
int ph__client_refused(ph_smtp *smtp, int status);

/** Closes the connection, if there is one; what its TLS agreed on is kept. */
void ph__client_disconnect(ph_smtp *smtp);

/* ---- send.c ---------------------------------------------------------------------------------- */

/** Records that @p mailbox (not NULL) is no address. @return PH_ERR_ARGUMENT */
int ph__client_bad_mailbox(ph_smtp *smtp, const char *mailbox, ph_phase phase);

/* ---- writer.c -------------------------------------------------------------------------------- */

void ph__writer_begin(ph_smtp *smtp);

/** Sends what is buffered, and the end of the content. @return as ph_smtp_send */
int ph__writer_end(ph_smtp *smtp);

/** Drops the connection so that nothing is delivered. */
void ph__writer_abort(ph_smtp *smtp, const char *reason);

#endif
