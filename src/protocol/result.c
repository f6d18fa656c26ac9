/* SPDX-License-Identifier: MIT */
/* What became of a message, recipient by recipient: the object behind ph_result. */
#include "protocol/result.h"

#include <string.h>

#include "base/allocator.h"

enum {
    mailboxes_max = INT32_MAX
};

static int make_room(ph_result *result, size_t count)
{
    if (count <= result->recipient_room)
        return PH_OK;
    struct ph__recipient_result *recipients =
        ph__reallocate_array(result->allocator, result->recipients, count, sizeof *recipients);
    if (!recipients)
        return PH_ERR_NO_MEMORY;
    result->recipients = recipients;
    for (size_t i = result->recipient_room; i < count; i++)
        recipients[i] = (struct ph__recipient_result){.reply = NULL};
    result->recipient_room = count;
    return PH_OK;
}

/* Copied, since the envelope may go before the result. */
static int copy_recipients(ph_result *result, const struct ph__envelope *envelope)
{
    const size_t count = envelope->recipient_count;
    int status = make_room(result, count);
    for (size_t i = 0; i < count && status == PH_OK; i++) {
        const char *mailbox = ph_address_mailbox(envelope->recipients[i]);
        struct ph__recipient_result *recipient = &result->recipients[i];
        recipient->mailbox = result->mailboxes.length;
        recipient->state = PH_RECIPIENT_NOT_TRIED;
        recipient->has_reply = false;
        status = ph__buffer_append(&result->mailboxes, mailbox, strlen(mailbox) + 1);
    }
    if (status != PH_OK)
        return PH_ERR_NO_MEMORY;
    result->recipient_count = count;
    return PH_OK;
}

ph_result *ph__result_new(const ph_allocator *allocator, const struct ph__envelope *envelope)
{
    ph_result *result = ph__allocate(allocator, sizeof *result);
    if (!result)
        return NULL;
    result->own_allocator = *allocator;
    result->allocator = &result->own_allocator;
    ph__error_init(&result->error, result->allocator);
    ph__buffer_init(&result->mailboxes, result->allocator, mailboxes_max);
    if (ph__result_reset(result, envelope) != PH_OK) {
        ph_result_free(result);
        return NULL;
    }
    return result;
}

void ph_result_free(ph_result *result)
{
    if (!result)
        return;
    const ph_allocator allocator = result->own_allocator;
    for (size_t i = 0; i < result->recipient_room; i++)
        ph__reply_free(result->recipients[i].reply);
    ph__release(&allocator, result->recipients);
    ph__buffer_release(&result->mailboxes);
    ph__reply_free(result->reply);
    ph__error_release(&result->error);
    ph__release(&allocator, result);
}

int ph__result_reset(ph_result *result, const struct ph__envelope *envelope)
{
    ph__error_clear(&result->error);
    ph__buffer_truncate(&result->mailboxes, 0);
    result->recipient_count = 0;
    result->accepted_count = 0;
    result->refused_count = 0;
    result->outcome = PH_OUTCOME_NOT_SENT;
    result->has_reply = false;
    result->bytes = 0;
    return envelope ? copy_recipients(result, envelope) : PH_OK;
}

void ph__result_forget_recipients(ph_result *result)
{
    for (size_t i = 0; i < result->recipient_count; i++) {
        result->recipients[i].state = PH_RECIPIENT_NOT_TRIED;
        result->recipients[i].has_reply = false;
    }
    result->accepted_count = 0;
    result->refused_count = 0;
    result->bytes = 0;
    ph__error_clear(&result->error);
}

/* Keeps a reply in `*place`, whose memory is used again. */
static int keep(const ph_allocator *allocator, struct ph_reply **place, bool *has_reply,
                const struct ph_reply *reply)
{
    if (!*place) {
        *place = ph__reply_copy(allocator, reply);
        *has_reply = *place != NULL;
    } else {
        *has_reply = ph__reply_assign(*place, reply) == PH_OK;
    }
    return *has_reply ? PH_OK : PH_ERR_NO_MEMORY;
}

int ph__result_note_recipient(ph_result *result, size_t index, const struct ph_reply *reply)
{
    struct ph__recipient_result *recipient = &result->recipients[index];
    const bool is_accepted = ph_reply_is_success(reply);
    recipient->state = is_accepted ? PH_RECIPIENT_ACCEPTED : PH_RECIPIENT_REFUSED;
    if (is_accepted)
        result->accepted_count++;
    else
        result->refused_count++;
    return keep(result->allocator, &recipient->reply, &recipient->has_reply, reply);
}

int ph__result_note_reply(ph_result *result, const struct ph_reply *reply)
{
    return keep(result->allocator, &result->reply, &result->has_reply, reply);
}

void ph__result_note_error(ph_result *result, const struct ph__error *error)
{
    ph__error_copy(&result->error, error);
    result->error.view.outcome = result->outcome;
}

ph_outcome ph_result_outcome(const ph_result *result)
{
    return result->outcome;
}

const ph_error *ph_result_error(const ph_result *result)
{
    return ph__error_is_set(&result->error) ? &result->error.view : NULL;
}

const ph_reply *ph_result_reply(const ph_result *result)
{
    return result->has_reply ? result->reply : NULL;
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
               ? (const char *)result->mailboxes.bytes + result->recipients[index].mailbox
               : NULL;
}

ph_recipient_state ph_result_recipient_state(const ph_result *result, size_t index)
{
    return index < result->recipient_count ? result->recipients[index].state
                                           : PH_RECIPIENT_NOT_TRIED;
}

const ph_reply *ph_result_recipient_reply(const ph_result *result, size_t index)
{
    if (index >= result->recipient_count || !result->recipients[index].has_reply)
        return NULL;
    return result->recipients[index].reply;
}

size_t ph_result_refused_count(const ph_result *result)
{
    return result->refused_count;
}
