/* SPDX-License-Identifier: MIT */
/* A message as it comes in, and what becomes of it: kept in a Maildir, printed, or counted. */
#ifndef SINK_MESSAGE_H
#define SINK_MESSAGE_H

#include <stdbool.h>

#include "sink/bytes.h"
#include "sink/common.h"
#include "sink/spool.h"

struct message {
    struct bytes from;       /* the mailbox, ended by NUL, without brackets */
    struct bytes recipients; /* mailboxes, NUL behind each */
    size_t recipient_count;
    struct bytes envelope; /* the arguments of MAIL and of each RCPT, "; " between them */
    bool is_utf8;
    struct spool content; /* unstuffed; empty if nobody keeps it */
    size_t content_length;
};

/* What is known of the client. */
struct client_facts {
    const char *helo;
    const char *user; /* NULL: nobody logged in */
    bool is_esmtp;
    const char *tls; /* "TLSv1.3"; NULL: none */
};

/** Empties a message, and keeps its memory unless that is much. */
void sink_message_clear(struct message *message);
void sink_message_free(struct message *message);

/** @param parameters  as the client wrote them; "" if there are none */
void sink_message_set_sender(struct message *message, const char *mailbox, const char *parameters);
void sink_message_add_recipient(struct message *message, const char *mailbox,
                                const char *parameters);

/** @return the content is kept, so that it must be gathered */
bool sink_message_is_kept(const struct ph_sink_options *options);

/**
 * Keeps or prints a message; without a place for it, a line says that it came.
 * @return true, or false if it could not be kept (common->err says why)
 */
bool sink_message_deliver(struct message *message, const struct client_facts *facts,
                          const struct common *common);

#endif
