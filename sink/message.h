/* SPDX-License-Identifier: MIT */
/* A message as it comes in, and where it goes: a Maildir, standard output, or nowhere. */
#ifndef SINK_MESSAGE_H
#define SINK_MESSAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "sink/bytes.h"
#include "sink/sink.h"

/* Texts end in NUL, which their length counts; an empty one has length 0. */
struct message {
    struct bytes from;       /* the mailbox, without brackets */
    struct bytes parameters; /* of MAIL, and of each RCPT: one line each */
    struct bytes recipients; /* mailboxes, NUL behind each */
    size_t recipient_count;
    struct bytes content; /* unstuffed; empty if nobody keeps it */
    size_t content_length;
};

/* What is known of the client. */
struct client_facts {
    const char *helo;
    const char *user; /* NULL: nobody logged in */
    bool is_esmtp;
    const char *tls; /* "TLSv1.3"; NULL: none */
};

/** Empties a message, and keeps its memory. */
void sink_message_clear(struct message *message);
void sink_message_free(struct message *message);

/** @return the content is kept, so that it must be gathered */
bool sink_message_is_kept(const struct ph_sink_options *options);

/** Makes a Maildir's three folders. @return true, or false with a complaint to @p err */
bool sink_maildir_make(const char *path, FILE *err);

/**
 * Keeps or prints a message.
 * In a Maildir a file begins with lines of the sink's own, ended by CRLF: Return-Path,
 * Delivered-To for each recipient, X-Envelope-Parameters where there were any, and Received; behind
 * them comes the content byte for byte.
 * @return true, or false if it could not be kept (@p err says why)
 */
bool sink_message_deliver(const struct message *message, const struct client_facts *facts,
                          const struct ph_sink_options *options, FILE *out, FILE *err);

#endif
