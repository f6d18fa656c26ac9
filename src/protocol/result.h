/* SPDX-License-Identifier: MIT */
/* What became of a message, recipient by recipient: the object behind ph_result. */
#ifndef PH_PROTOCOL_RESULT_H
#define PH_PROTOCOL_RESULT_H

#include <posthaste/message.h>

#include "base/error.h"
#include "protocol/envelope.h"
#include "protocol/reply.h"

struct ph__recipient_result {
    size_t mailbox; /* where it stands in the result's mailboxes */
    ph_recipient_state state;
    bool has_reply;
    struct ph_reply *reply; /* kept for the next message; NULL until there was one */
};

struct ph_result {
    const ph_allocator *allocator;
    ph_allocator own_allocator; /* a result may outlive the session that made it */
    struct ph__recipient_result *recipients;
    size_t recipient_count;
    size_t recipient_room;       /* those behind the count have replies to be used again */
    struct ph__buffer mailboxes; /* each with its NUL */
    size_t accepted_count;
    size_t refused_count;
    ph_outcome outcome;
    bool has_reply;
    struct ph_reply *reply;
    uint64_t bytes;
    struct ph__error error;
};

/**
 * @param envelope  whose recipients the result has; NULL for none
 * @return a new result, nothing sent and nobody tried, or NULL
 */
ph_result *ph__result_new(const ph_allocator *allocator, const struct ph__envelope *envelope);

/**
 * Makes a result say that nothing was sent and nobody tried, for another envelope. It keeps its
 * memory, so that message after message needs none.
 * @return PH_OK or PH_ERR_NO_MEMORY (the result has no recipients then)
 */
int ph__result_reset(ph_result *result, const struct ph__envelope *envelope);

/** Forgets how the recipients fared: the envelope is sent anew. */
void ph__result_forget_recipients(ph_result *result);

/** Notes the reply to RCPT. @return PH_OK or PH_ERR_NO_MEMORY (the state is noted all the same) */
int ph__result_note_recipient(ph_result *result, size_t index, const struct ph_reply *reply);

/** Notes the reply to the end of the content. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__result_note_reply(ph_result *result, const struct ph_reply *reply);

/** Notes the failure, with the outcome that it leaves. */
void ph__result_note_error(ph_result *result, const struct ph__error *error);

#endif
