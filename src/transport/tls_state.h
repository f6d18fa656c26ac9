/* SPDX-License-Identifier: MIT */
/* What a TLS stream consists of, for tls_stream.c (the stream) and tls_failure.c (its sentences).
 */
#ifndef PH_TRANSPORT_TLS_STATE_H
#define PH_TRANSPORT_TLS_STATE_H

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "transport/stream.h"
#include "transport/tls_config.h"

enum {
    ph__tls_first_bytes = 64
};

struct ph__tls_stream {
    struct ph__stream stream; /* first, so that one pointer is both */
    const ph_allocator *allocator;
    struct ph__stream *plain;
    ph_tls_config *config;
    BIO_METHOD *method;
    SSL *ssl;
    BIO *socket; /* NULL: the kernel does not encrypt */
    char *hostname;
    struct ph__buffer output; /* records, to be written together */
    size_t output_sent;       /* bytes of it that have left */
    size_t accepted;          /* the caller's bytes that it holds */
    bool gathers_output;
    bool is_shaken; /* the handshake is done */
    bool has_failed;
    bool plain_ended;
    bool plain_failed;                        /* and said why in *error */
    struct ph__error *error;                  /* of the call under way */
    uint8_t first_bytes[ph__tls_first_bytes]; /* from the server */
    size_t first_count;
    /* What the verification refused, if it did. */
    int verify_code;
    X509 *refused; /* the server's own certificate */
    X509 *culprit; /* the one of the chain that was found bad */
};

/** Records why the handshake failed. @param code  OpenSSL's */
void ph__tls_explain_handshake(struct ph__tls_stream *tls, unsigned long code,
                               struct ph__error *error);

#endif
