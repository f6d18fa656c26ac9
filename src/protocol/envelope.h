/* SPDX-License-Identifier: MIT */
/* An envelope: who sends, who receives, and what is declared about the content. */
#ifndef PH_PROTOCOL_ENVELOPE_H
#define PH_PROTOCOL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posthaste/address.h>
#include <posthaste/message.h>

struct ph__envelope {
    const ph_allocator *allocator;
    ph_address *from; /* NULL is the null sender */
    ph_address **recipients;
    uint32_t recipient_count;
    uint32_t recipient_capacity;
    ph_recipient_policy policy;
    ph_body_type body_type;
    ph_line_ends line_ends;
    ph_smtputf8 smtputf8;
};

void ph__envelope_init(struct ph__envelope *envelope, const ph_allocator *allocator);
void ph__envelope_release(struct ph__envelope *envelope);

/** Takes the address over. */
void ph__envelope_set_from(struct ph__envelope *envelope, ph_address *from);

/** Takes the address over if it succeeds. @return PH_OK or PH_ERR_NO_MEMORY */
int ph__envelope_add_recipient(struct ph__envelope *envelope, ph_address *recipient);

/** Frees recipient @p index, which must be there; those behind it move up. */
void ph__envelope_remove_recipient(struct ph__envelope *envelope, size_t index);

/** @return an address of the envelope has bytes beyond ASCII */
bool ph__envelope_needs_smtputf8(const struct ph__envelope *envelope);

#endif
