/* SPDX-License-Identifier: MIT */
/*
 * A message of a fuzzed session: what the caller gave, what a server that obeys the protocol has of
 * it, and what the session may say of it in the end.
 */
#ifndef TESTS_FUZZ_SESSION_MESSAGE_H
#define TESTS_FUZZ_SESSION_MESSAGE_H

#include "fuzz/content_model.h"
#include "protocol/envelope.h"
#include "protocol/result.h"

struct message {
    /* What the caller gave. All of it goes once the message is done, so that a session that still
     * looks at it is seen. */
    struct ph__envelope envelope;
    bool has_envelope; /* false: DATA alone, behind the caller's own MAIL and RCPT */
    bool is_repeatable;
    ph_result *result;
    uint8_t *chunk; /* lent now */
    struct bytes lent;
    bool gave_last;
    bool was_cancelled;
    bool is_done;
    /* What the server has: of the last MAIL, if there was more than one. */
    unsigned attempts;
    int mail_code; /* replies; 0: none yet */
    int end_code;
    size_t recipients; /* whose RCPT was written */
    size_t accepted;
    size_t refused;
    bool has_refused_chunk;
    bool was_dismissed; /* 421 answered it, whatever the server said then */
    struct bytes received;
    bool is_void;     /* the dot alone was sent */
    bool end_written; /* of the content */
};

void message_init(struct message *message);
void message_release(struct message *message);

/** MAIL was written: what the server has begins anew. */
void message_begun_by_mail(struct message *message);

/** A byte of content was written. @p is_vouched: it needs no look at its line ends. */
void message_content_byte(struct message *message, uint8_t byte);

/** @return the content that was written ended in this, the line with the dot */
bool message_ends_in_dot(const struct message *message);

/** The content was written to its end: it must be what was lent. */
void message_text_ended(struct message *message);
void message_chunks_ended(struct message *message);

/** @return replies to the envelope let the content be sent, by the message's policy */
bool message_may_have_content(const struct message *message);

/** @return its content may go along with the envelope */
bool message_is_blind(const struct message *message);

/** @return its end was written, and no reply came that takes it or refuses it */
bool message_awaits_end(const struct message *message);

/** It was told of by an event of its own. */
void message_check_done(const struct message *message, int status);

/** The session broke before that. */
void message_check_failed(const struct message *message);

#endif
