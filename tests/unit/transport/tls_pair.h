/* SPDX-License-Identifier: MIT */
/*
 * TLS over a pair of sockets whose other end is an OpenSSL server in this very thread, so that each
 * step can be looked at.
 */
#ifndef TESTS_UNIT_TRANSPORT_TLS_PAIR_H
#define TESTS_UNIT_TRANSPORT_TLS_PAIR_H

#include <openssl/ssl.h>

#include "transport/tls_config.h"
#include "transport/tls_stream.h"
#include "unit/base/test.h"
#include "unit/base/test_allocator.h"

struct tls_pair {
    struct test_allocator test;
    struct ph__error error;
    ph_tls_config *config;
    struct ph__stream *plain;  /* until a stream is made over it */
    struct ph__stream *stream; /* NULL: closed */
    SSL_CTX *ctx;
    SSL *server;
    int fd; /* the server's; -1 once it is closed */
};

/* Those that a client takes by default. */
extern const int tls_pair_versions[2];

/** Group set-up and tear-down: the server's certificate. */
int tls_pair_set_up(void **state);
int tls_pair_tear_down(void **state);

/** @return the file that has the trust anchor */
const char *tls_pair_anchor(void);
SSL_CTX *tls_pair_new_server_context(int version);
/** @return settings that trust the server, or NULL without memory */
ph_tls_config *tls_pair_new_config(const ph_allocator *allocator);
/** Gives an open pair's client a context of its own with these options of OpenSSL. */
void tls_pair_use_own_context(struct tls_pair *pair, uint64_t options);

/** Makes two ends with as little room between them as the system grants, over Unix sockets or over
 * TCP; the settings can still be changed. */
void tls_pair_open(struct tls_pair *pair, int version);
void tls_pair_open_tcp(struct tls_pair *pair, int version);
/** Makes the stream. */
void tls_pair_join(struct tls_pair *pair);
enum ph__io tls_pair_shake(struct tls_pair *pair);
void tls_pair_end(struct tls_pair *pair);

/** Over Unix sockets, in one. */
void tls_pair_begin(struct tls_pair *pair, int version);
void tls_pair_begin_shaken(struct tls_pair *pair, int version);

/** Over TCP, in one. */
void tls_pair_begin_tcp(struct tls_pair *pair, int version);

/** @return the kernel encrypts what the client sends */
bool tls_pair_is_by_kernel(struct tls_pair *pair);

enum ph__io tls_pair_read(struct tls_pair *pair, void *buffer, size_t size, size_t *n);
enum ph__io tls_pair_write(struct tls_pair *pair, const struct ph__slice *slices, size_t count,
                           size_t *n);
void tls_pair_server_says(struct tls_pair *pair, const char *text);
/** Reads at the server until size bytes are there, or it is closed. @return how many came */
size_t tls_pair_server_reads(struct tls_pair *pair, void *buffer, size_t size);
/** Waits until the client can read. */
void tls_pair_wait_for_server(struct tls_pair *pair);
void tls_pair_close_server(struct tls_pair *pair);

/** A mebibyte both ways, in slices of many sizes, arrives as it was sent. */
void tls_pair_flow(struct tls_pair *pair);

#endif
