/* SPDX-License-Identifier: MIT */
/* What became of a message, recipient by recipient: the object behind ph_result. */
#include "protocol/result.h"

#include <string.h>

#include "base/allocator.h"

struct lasting_result {
    ph_result result;
    ph_allocator allocator;
};

static struct ph__recipient_result *recipient_at(const ph_result *result, size_t index)
{
    struct ph__recipient_result *recipients = (void *)result->kept.bytes;
    return &recipients[index];
}

/* ---- Making and freeing ---------------------------------------------------------------------- */

static ph_result *begin(ph_result *result, const ph_allocator *allocator,
                        const struct ph__envelope *envelope)
{
    ph__error_init(&result->error, allocator);
    ph__buffer_init(&result->kept, allocator, ph__kept_max);
    if (ph__result_reset(result, envelope) == PH_OK)
        return result;
    ph_result_free(result);
    return NULL;
}

ph_result *ph__result_new(const ph_allocator *allocator, const struct ph__envelope *envelope)
{
    ph_result *result = ph__allocate(allocator, sizeof *result);
    return result ? begin(result, allocator, envelope) : NULL;
}

ph_result *ph__result_new_lasting(const ph_allocator *allocator,
                                  const struct ph__envelope *envelope)
{
    struct lasting_result *lasting = ph__allocate(allocator, sizeof *lasting);
    if (!lasting)
        return NULL;
    lasting->allocator = *allocator;
    return begin(&lasting->result, &lasting->allocator, envelope);
}

void ph_result_free(ph_result *result)
{
    if (!result)
        return;
    const ph_allocator allocator = *result->kept.allocator; /* which may stand behind the result */
    ph__error_release(&result->error);
    ph__buffer_release(&result->kept);
    ph__release(&allocator, result);
}

/* Copied, since the envelope may go before the result. */
static int copy_recipients(ph_result *result, const struct ph__envelope *envelope)
{
    const size_t count = envelope->recipient_count;
    struct ph__buffer *kept = &result->kept;
    if (count > ph__kept_max / sizeof(struct ph__recipient_result) ||
        ph__buffer_reserve(kept, count * sizeof(struct ph__recipient_result)) != PH_OK)
        return PH_ERR_NO_MEMORY;
    kept->length = (uint32_t)(count * sizeof(struct ph__recipient_result));
    for (size_t i = 0; i < count; i++) {
        const char *mailbox = ph_address_mailbox(envelope->recipients[i]);
        *recipient_at(result, i) = (struct ph__recipient_result){
            .mailbox = kept->length, .reply = ph__no_reply, .state = PH_RECIPIENT_NOT_TRIED};
        if (ph__buffer_append(kept, mailbox, strlen(mailbox) + 1) != PH_OK)
            return PH_ERR_NO_MEMORY;
    }
    result->recipient_count = (uint32_t)count;
    return PH_OK;
}

int ph__result_reset(ph_result *result, const struct ph__envelope *envelope)
{
    ph__error_clear(&result->error);
    ph__buffer_truncate(&result->kept, 0);
    result->recipient_count = 0;
    result->refused_count = 0;
    result->outcome = PH_OUTCOME_NOT_SENT;
    result->reply = ph__no_reply;
    result->bytes = 0;
    return envelope ? copy_recipients(result, envelope) : PH_OK;
}

void ph__result_forget_recipients(ph_result *result)
{
    for (size_t i = 0; i < result->recipient_count; i++) {
        recipient_at(result, i)->state = PH_RECIPIENT_NOT_TRIED;
        recipient_at(result, i)->reply = ph__no_reply;
    }
    result->refused_count = 0;
    result->bytes = 0;
    ph__error_clear(&result->error);
}

/* ---- Taking notes ---------------------------------------------------------------------------- */

static int keep(ph_result *result, const struct ph_reply *reply, uint32_t *at)
{
    *at = ph__no_reply;
    return ph__reply_keep(&result->kept, reply, at);
}

int ph__result_note_recipient(ph_result *result, size_t index, const struct ph_reply *reply)
{
    uint32_t at;
    const int status = keep(result, reply, &at);
    struct ph__recipient_result *recipient = recipient_at(result, index);
    const bool is_accepted = ph_reply_is_success(reply);
    recipient->state = is_accepted ? PH_RECIPIENT_ACCEPTED : PH_RECIPIENT_REFUSED;
    recipient->reply = at;
    result->refused_count += !is_accepted;
    return status;
}

int ph__result_note_reply(ph_result *result, const struct ph_reply *reply)
{
    return keep(result, reply, &result->reply);
}

void ph__result_note_error(ph_result *result, const struct ph__error *error)
{
    ph__error_copy(&result->error, error);
    ph__error_set_outcome(&result->error, result->outcome);
}

/* ---- Questions ------------------------------------------------------------------------------- */

ph_outcome ph_result_outcome(const ph_result *result)
{
    return result->outcome;
}

const ph_error *ph_result_error(const ph_result *result)
{
    return ph__error_is_set(&result->error) ? result->error.view : NULL;
}

static const ph_reply *reply_at(const ph_result *result, uint32_t at)
{
    return at != ph__no_reply ? (const void *)(result->kept.bytes + at) : NULL;
}

const ph_reply *ph_result_reply(const ph_result *result)
{
    return reply_at(result, result->reply);
}

uint64_t ph_result_bytes(const ph_result *result)
{
    return result->bytes;
}

size_t ph_result_recipient_count(const ph_result *result)
{
    return result->recipient_count;
}

const char *ph_result_recipient_mailbox(const ph_result *result, size_t index)
{
    return index < result->recipient_count
               ? (const char *)result->kept.bytes + recipient_at(result, index)->mailbox
               : NULL;
}

ph_recipient_state ph_result_recipient_state(const ph_result *result, size_t index)
{
    return index < result->recipient_count ? recipient_at(result, index)->state
                                           : PH_RECIPIENT_NOT_TRIED;
}

const ph_reply *ph_result_recipient_reply(const ph_result *result, size_t index)
{
    return index < result->recipient_count ? reply_at(result, recipient_at(result, index)->reply)
                                           : NULL;
}

size_t ph_result_refused_count(const ph_result *result)
{
    return result->refused_count;
}
