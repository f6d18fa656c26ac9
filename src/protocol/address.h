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

/* Lists have them by the ten thousand, nearly all without parameters. */
struct ph_address {
    ph_allocator allocator;
    struct ph__buffer *parameters; /* "KEY=value", NUL behind each; NULL: there are none */
    uint16_t parameter_count;
    bool is_international;
    char mailbox[];
};

#endif
