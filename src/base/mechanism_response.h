/* SPDX-License-Identifier: MIT */
/*
 * What a mechanism answers a challenge with. In base because the session (protocol), which lends
 * it, and the mechanisms (auth), which fill it, are strangers to one another.
 */
#ifndef PH_BASE_MECHANISM_RESPONSE_H
#define PH_BASE_MECHANISM_RESPONSE_H

#include <stdbool.h>

#include <posthaste/allocator.h>
#include <posthaste/mechanism.h>

#include "base/buffer.h"

enum {
    /* Octets of base64 that a line of an exchange is expected to hold (RFC 4954 section 4). */
    ph__mechanism_line_max = 12288,
    ph__mechanism_response_max = ph__mechanism_line_max / 4 * 3,
    ph__explanation_max = 512
};

struct ph_mechanism_response {
    struct ph__buffer bytes; /* before base64; a secret */
    bool is_complete;        /* the mechanism has said its last word */
    /* What ph_mechanism_explain kept, "" if nothing. As the server sent it: escape it
     * (base/utf8.h) before it is shown. */
    char explanation[ph__explanation_max + 1];
};

/** Makes an empty response without explanation. Allocates nothing. */
void ph__mechanism_response_init(ph_mechanism_response *response, const ph_allocator *allocator);

/** Wipes the bytes for the next step. The rest stays: it counts when the exchange ends. */
void ph__mechanism_response_reset(ph_mechanism_response *response);

/** Wipes and frees everything; the response can be used for another exchange, or forgotten. */
void ph__mechanism_response_release(ph_mechanism_response *response);

#endif
