/* SPDX-License-Identifier: MIT */
/* One client of the sink: its socket, its TLS, and the session in between. Never blocks. */
#ifndef SINK_CLIENT_H
#define SINK_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "sink/session.h"
#include "sink/timers.h"

enum client_stage {
    CLIENT_HANDSHAKES,
    CLIENT_TALKS,
    CLIENT_WAITS,   /* until its timer: a rule delays it */
    CLIENT_FLUSHES, /* writes what is left, then turns to TLS or ends */
    CLIENT_LINGERS, /* until it hangs up, or its timer: what it sends is thrown away */
    CLIENT_GONE
};

struct client {
    int fd;
    const struct common *common;
    SSL *ssl; /* NULL: plain text */
    enum client_stage stage;
    bool wants_read; /* what to wait for, after processing */
    bool wants_write;
    bool turns_to_tls; /* when the output is written */
    struct timer timer;
    uint64_t active_ms; /* when something last happened */
    struct session session;
    struct bytes left; /* read, but not taken yet */
    bool left_is_new;  /* no taking was tried since it was left: a wait is over, or all begins */
    struct bytes output;

    /* The server's. */
    size_t index;
    bool is_watched;
    bool is_watched_for_read;
    bool is_watched_for_write;
};

/** @return a client that owns @p fd, to be processed next */
struct client *sink_client_new(int fd, const struct common *common);
void sink_client_free(struct client *client);

/**
 * Goes on as far as it can: after making, when the socket is ready, or when its timer is due.
 * @return when its timer is to be set to, 0 for none
 */
uint64_t sink_client_process(struct client *client, uint64_t now_ms);

/** Its timer is due, after a wait, or since nothing has happened for too long; process it next. */
void sink_client_timer_is_due(struct client *client);

/** Says goodbye (421) for a sink that ends. */
void sink_client_dismiss(struct client *client);

#endif
