/* SPDX-License-Identifier: MIT */
/* What became of a message, recipient by recipient: the object behind ph_result. */
#include "protocol/result.h"

#include "base/allocator.h"

static int copy_recipients(ph_result *result, const struct ph__envelope *envelope)
{
    const size_t count = envelope->recipient_count;
    if (count == 0)
        return PH_OK;
    result->recipients =
        ph__reallocate_array(result->allocator, NULL, count, sizeof(struct ph__recipient_result));
    if (!result->recipients)
        return PH_ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        char *mailbox =
            ph__duplicate(result->allocator, ph_address_mailbox(envelope->recipients[i]));
        if (!mailbox)
            return PH_ERR_NO_MEMORY;
        result->recipients[i] = (struct ph__recipient_result){.mailbox = mailbox};
        result->recipient_count++;
    }
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
    if (envelope && copy_recipients(result, envelope) != PH_OK) {
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
    for (size_t i = 0; i < result->recipient_count; i++) {
        ph__release(&allocator, result->recipients[i].mailbox);
        ph__reply_free(result->recipients[i].reply);
    }
    ph__release(&allocator, result->recipients);
    ph__reply_free(result->reply);
    ph__error_release(&result->error);
    ph__release(&allocator, result);
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
    recipient->reply = ph__reply_copy(result->allocator, reply);
    return recipient->reply ? PH_OK : PH_ERR_NO_MEMORY;
}

int ph__result_note_reply(ph_result *result, const struct ph_reply *reply)
{
    ph__reply_free(result->reply);
    result->reply = ph__reply_copy(result->allocator, reply);
    return result->reply ? PH_OK : PH_ERR_NO_MEMORY;
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
    return result->reply;
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
    return index < result->recipient_count ? result->recipients[index].mailbox : NULL;
}

ph_recipient_state ph_result_recipient_state(const ph_result *result, size_t index)
{
    return index < result->recipient_count ? result->recipients[index].state
                                           : PH_RECIPIENT_NOT_TRIED;
}

const ph_reply *ph_result_recipient_reply(const ph_result *result, size_t index)
{
    return index < result->recipient_count ? result->recipients[index].reply : NULL;
}

size_t ph_result_refused_count(const ph_result *result)
{
    return result->refused_count;
}
