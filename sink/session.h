/* SPDX-License-Identifier: MIT */
/*
 * The receiving side of SMTP (RFC 5321), sans I/O: takes what a client sent, says what to answer,
 * and what should become of the connection.
 */
#ifndef SINK_SESSION_H
#define SINK_SESSION_H

#include <stdbool.h>

#include "sink/bytes.h"
#include "sink/common.h"
#include "sink/login.h"
#include "sink/message.h"

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

/* Fields of one subject stand together, of each the larger ones first. */
struct session {
    const struct common *common;
    const struct ph_sink_options *options; /* those of common, which every file asks */
    enum session_mode mode;
    enum session_next next;
    unsigned delay_ms;
    bool has_greeted;
    bool has_waited; /* for the command that is taken next */
    bool skips_line; /* it is too long, and its end is still to come */
    bool said_quit;
    size_t bad_commands;
    size_t delivered;

    struct login *login;
    const char *tls; /* "TLSv1.3", or NULL */
    char helo[256];  /* "": not yet */
    char user[256];  /* "": nobody */

    struct message message;
    size_t chunk_left;
    const char *chunk_refusal; /* the reply, once the chunk is there; NULL: it is taken */
    bool is_esmtp;
    bool has_mail;
    bool is_too_large;
    bool content_has_ended; /* and its reply is still to come */
    bool is_line_start;     /* of the content */
    bool last_was_cr;
    bool chunk_is_last;
    bool had_chunks;
};

/** Sets a session up, which greets when it takes for the first time. */
void sink_session_begin(struct session *session, const struct common *common);
void sink_session_release(struct session *session);

/** The handshake is done: nothing said before it counts. */
void sink_session_secured(struct session *session, const char *version);

/** Takes as much of @p input as it can, answers into @p output. */
enum session_next sink_session_take(struct session *session, struct span *input,
                                    struct bytes *output);

/* ---- For the files that make the session up -------------------------------------------------- */

/**
 * Answers: with what the rules have for @p command, or with @p reply, whose lines newlines part.
 * A problem is a reply that no rule changes.
 */
void sink_session_reply(struct session *session, struct bytes *output, const char *command,
                        const char *reply);
void sink_session_problem(struct session *session, struct bytes *output, const char *reply);

/** Ends the transaction. */
void sink_session_reset(struct session *session);

/** Handles one command line, without its end and without control characters. */
void sink_command_take(struct session *session, char *line, struct bytes *output);

/** @return the verb by which the rules know the line, upper case */
const char *sink_command_name(const char *line, char room[16]);

/** Takes content behind DATA, or of a chunk. @return it ended */
bool sink_content_take(struct session *session, struct span *input);

/** @return the content that ended is the message's last, so that the rules for BODY hold */
bool sink_content_is_last(const struct session *session);

/** The content ended: answers, and delivers the message if that was its last. */
void sink_content_ended(struct session *session, struct bytes *output);

/** Takes a response to a challenge. */
void sink_auth_respond(struct session *session, const char *line, struct bytes *output);
void sink_auth_abandon(struct session *session);

#endif
