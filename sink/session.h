/* SPDX-License-Identifier: MIT */
/*
 * The receiving side of SMTP (RFC 5321), sans I/O: takes what a client sent, says what to answer,
 * and what should become of the connection.
 */
#ifndef SINK_SESSION_H
#define SINK_SESSION_H

#include <stdio.h>

#include "sink/bytes.h"
#include "sink/login.h"
#include "sink/message.h"
#include "sink/sink.h"

enum session_next {
    SESSION_GOES_ON,   /* more input is needed */
    SESSION_WAITS,     /* session->delay_ms from now on, then take again */
    SESSION_WANTS_TLS, /* when the output is written: throw away the input, shake hands */
    SESSION_ENDS,      /* when the output is written: close */
    SESSION_DROPS      /* close at once */
};

enum session_mode {
    MODE_COMMANDS,
    MODE_LOGIN,   /* the next line is a response */
    MODE_CONTENT, /* behind 354 */
    MODE_CHUNK    /* behind BDAT */
};

struct session {
    const struct ph_sink_options *options;
    FILE *out;
    FILE *err;
    enum session_mode mode;
    enum session_next next;
    unsigned delay_ms;
    bool has_greeted;
    bool has_waited; /* for the command that is taken next */

    char helo[256]; /* "": not yet */
    bool is_esmtp;
    const char *tls; /* "TLSv1.3", or NULL */
    char user[256];  /* "": nobody */
    struct login *login;

    bool has_mail;
    struct message message;
    bool is_too_large;
    bool content_has_ended; /* and its reply is still to come */
    bool is_line_start;     /* of the content */
    bool last_was_cr;
    size_t chunk_left;
    bool chunk_is_last;
    bool chunk_is_refused;
    bool had_chunks;

    size_t bad_commands;
    size_t delivered;
};

/** Sets a session up; the greeting is in @p output, unless the session drops or waits. */
void sink_session_begin(struct session *session, const struct ph_sink_options *options, FILE *out,
                        FILE *err);
void sink_session_release(struct session *session);

/** The handshake is done: nothing said before it counts. */
void sink_session_secured(struct session *session, const char *version);

/** Takes as much of @p input as it can, answers into @p output. */
enum session_next sink_session_take(struct session *session, struct bytes *input,
                                    struct bytes *output);

/* For the files that make the session up. */

/** Answers: the reply that the rules have for @p command, or @p reply. A newline or "\n" parts
 * lines. */
void sink_session_reply(struct session *session, struct bytes *output, const char *command,
                        const char *reply);

/** Takes content behind DATA, or of a chunk. @return it ended */
bool sink_content_take_data(struct session *session, struct bytes *input);
bool sink_content_take_chunk(struct session *session, struct bytes *input);

/** The content ended: delivers the message and answers. */
void sink_content_ended(struct session *session, struct bytes *output, const char *command);

/** Handles one command line, or a response of AUTH. */
void sink_command_take(struct session *session, char *line, struct bytes *output);

/** @return the verb by which the rules know the line, upper case */
const char *sink_command_name(const char *line, char room[16]);

/** Ends the transaction. */
void sink_session_reset(struct session *session);

#endif
