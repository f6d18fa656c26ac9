/* SPDX-License-Identifier: MIT */
/* An envelope: who sends, who receives, and what is declared about the content. */
#include "protocol/envelope.h"

#include <string.h>

#include <posthaste/error.h>

#include "base/allocator.h"

enum {
    recipients_min = 3 /* as many as malloc's smallest block holds */
};

void ph__envelope_init(struct ph__envelope *envelope, const ph_allocator *allocator)
{
    *envelope = (struct ph__envelope){.allocator = allocator};
}

void ph__envelope_release(struct ph__envelope *envelope)
{
    ph_address_free(envelope->from);
    for (size_t i = 0; i < envelope->recipient_count; i++)
        ph_address_free(envelope->recipients[i]);
    ph__release(envelope->allocator, envelope->recipients);
    ph__envelope_init(envelope, envelope->allocator);
}

void ph__envelope_set_from(struct ph__envelope *envelope, ph_address *from)
{
    ph_address_free(envelope->from);
    envelope->from = from;
}

static int grow(struct ph__envelope *envelope)
{
    const uint64_t capacity =
        envelope->recipient_capacity ? (uint64_t)envelope->recipient_capacity * 2 : recipients_min;
    if (capacity > UINT32_MAX)
        return PH_ERR_NO_MEMORY;
    ph_address **recipients = ph__reallocate_array(envelope->allocator, envelope->recipients,
                                                   capacity, sizeof(ph_address *));
    if (!recipients)
        return PH_ERR_NO_MEMORY;
    envelope->recipients = recipients;
    envelope->recipient_capacity = (uint32_t)capacity;
    return PH_OK;
}

int ph__envelope_add_recipient(struct ph__envelope *envelope, ph_address *recipient)
{
    if (envelope->recipient_count == envelope->recipient_capacity && grow(envelope) != PH_OK)
        return PH_ERR_NO_MEMORY;
    envelope->recipients[envelope->recipient_count++] = recipient;
    return PH_OK;
}

void ph__envelope_remove_recipient(struct ph__envelope *envelope, size_t index)
{
    ph_address **at = envelope->recipients + index;
    ph_address_free(*at);
    envelope->recipient_count--;
    memmove(at, at + 1, (envelope->recipient_count - index) * sizeof(ph_address *));
}

bool ph__envelope_needs_smtputf8(const struct ph__envelope *envelope)
{
    if (envelope->from && ph_address_needs_smtputf8(envelope->from))
        return true;
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        if (ph_address_needs_smtputf8(envelope->recipients[i]))
            return true;
    }
    return false;
}
