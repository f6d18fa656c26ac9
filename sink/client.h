/* SPDX-License-Identifier: MIT */
/* One client of the sink: its socket, its TLS, and the session in between. Never blocks. */
#ifndef SINK_CLIENT_H
#define SINK_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "sink/session.h"

enum client_stage {
    CLIENT_HANDSHAKES,
    CLIENT_TALKS,
    CLIENT_WAITS,
    CLIENT_FLUSHES,
    CLIENT_GONE
};

struct client {
    int fd;
    SSL_CTX *ctx;
    SSL *ssl; /* NULL: plain text */
    enum client_stage stage;
    bool wants_write;     /* before anything else can go on */
    bool turns_to_tls;    /* when the output is written */
    uint64_t wakes_at_ms; /* while it waits */
    struct session session;
    struct bytes input;
    struct bytes output;
    size_t index; /* where the server keeps it */
};

/** @return a client that owns @p fd */
struct client *sink_client_new(int fd, SSL_CTX *ctx, const struct ph_sink_options *options,
                               FILE *out, FILE *err);
void sink_client_free(struct client *client);

/** Goes on as far as it can: after making, when the socket is ready, or when its wait is over. */
void sink_client_process(struct client *client, uint64_t now_ms);

/** Says goodbye (421) for a sink that ends. */
void sink_client_dismiss(struct client *client);

#endif
