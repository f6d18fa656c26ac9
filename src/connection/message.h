/* SPDX-License-Identifier: MIT */
/* ph_message: an envelope and the source of its content. */
#ifndef PH_CONNECTION_MESSAGE_H
#define PH_CONNECTION_MESSAGE_H

#include <posthaste/message.h>

#include "connection/source.h"
#include "protocol/envelope.h"

struct ph_message {
    ph_allocator allocator;
    struct ph__envelope envelope;
    struct ph__source source;
    void *in_pool; /* what a pool keeps of it while it has it; NULL: none does */
};

#endif
