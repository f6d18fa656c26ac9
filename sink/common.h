/* SPDX-License-Identifier: MIT */
/* What all clients of one sink share. */
#ifndef SINK_COMMON_H
#define SINK_COMMON_H

#include <stddef.h>
#include <stdio.h>

#include <openssl/ssl.h>

#include "sink/login.h"
#include "sink/sink.h"

enum {
    /* One read fills at most this. All clients read into the same room, one after the other: what
     * they leave untaken, part of a line mostly, is copied away, and an idle client costs little.
     */
    read_room_size = 256 * 1024
};

/* What came in all, of messages that were accepted. */
struct totals {
    unsigned long long sessions;
    unsigned long long messages;
    unsigned long long recipients;
    unsigned long long bytes; /* of content, without the dots of the transport */
};

struct common {
    const struct ph_sink_options *options;
    FILE *out;
    FILE *err;
    SSL_CTX *ctx; /* NULL: TLS is not offered */
    struct logins *logins;
    char *read_room;
    struct totals *totals;
};

#endif
