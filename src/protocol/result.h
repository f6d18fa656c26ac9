/* SPDX-License-Identifier: MIT */
/* What became of a message, recipient by recipient: the object behind ph_result. */
#ifndef PH_PROTOCOL_RESULT_H
#define PH_PROTOCOL_RESULT_H

#include <posthaste/message.h>

#include "base/error.h"
#include "protocol/envelope.h"
#include "protocol/reply.h"

enum {
    ph__kept_max = INT32_MAX,
    ph__no_reply = INT32_MAX
};

struct ph__recipient_result {
    uint32_t mailbox; /* where it is kept */
    uint32_t reply;   /* the same, or ph__no_reply */
    ph_recipient_state state;
};

struct ph_result {
    /* Recipients, the mailbox of each with its NUL, then replies as they come: one block, which is
     * used again for the next message. */
    struct ph__buffer kept;
    struct ph__error error;
    uint64_t bytes;
    uint32_t recipient_count;
    uint32_t refused_count;
    uint32_t reply; /* to the end, where it is kept, or ph__no_reply */
    ph_outcome outcome;
};

/**
 * @param allocator  borrowed
 * @param envelope   whose recipients the result has; NULL for none
 * @return a new result, nothing sent and nobody tried, or NULL
 */
ph_result *ph__result_new(const ph_allocator *allocator, const struct ph__envelope *envelope);

/** The same with a copy of the allocator, for a result that may outlive whoever made it. */
ph_result *ph__result_new_lasting(const ph_allocator *allocator,
                                  const struct ph__envelope *envelope);

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
