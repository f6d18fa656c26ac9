/* SPDX-License-Identifier: MIT */
/* The object behind ph_address: a mailbox and its ESMTP parameters. */
#ifndef PH_PROTOCOL_ADDRESS_H
#define PH_PROTOCOL_ADDRESS_H

#include <posthaste/address.h>

#include "base/buffer.h"

/* A command line has to hold them all. */
enum {
    ph__parameters_max_bytes = 4096
};

struct ph_address {
    const ph_allocator *allocator;
    ph_allocator own_allocator; /* what allocator points to if the caller gave one */
    char *mailbox;
    struct ph__buffer parameters; /* "KEY=value", NUL behind each */
    size_t parameter_count;
    bool is_international;
};

#endif
