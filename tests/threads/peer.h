/* SPDX-License-Identifier: MIT */
/*
 * A server in a thread of its own, for one client: the other end of a pair of sockets, with TLS
 * from the first byte where it is given a context. It asks for a login by CRAM-MD5 and takes any.
 * Peers share nothing but that context.
 */
#ifndef TESTS_THREADS_PEER_H
#define TESTS_THREADS_PEER_H

#include "unit/base/test.h"

#include <pthread.h>

#include <openssl/ssl.h>

#include "support/small_server.h"

/* For what runs on threads: there, cmocka's own assertions end the program without a word. */
#define MUST(condition) CHECK(condition, __func__)

struct peer {
    struct small_server server;
    int dialed; /* the client's end, until it is dialed */
    int fd;
    SSL *ssl; /* NULL: no TLS */
    pthread_t thread;
};

/** Begins to serve. @param ctx  NULL: no TLS */
void peer_start(struct peer *peer, SSL_CTX *ctx);

/** A ph_dial_fn; its user data is the peer. */
int peer_dial(const char *address, int port, uint32_t timeout_ms, int *fd, void *user_data);

/** Waits until the client has closed, or never dialed.
 * @return how many messages were taken */
size_t peer_stop(struct peer *peer);

#endif
