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
    ph__tls_first_bytes = 64,
    /* So many records leave in one write; it costs less to copy them than to call the system for
     * each. More save little, and each connection that sends has room for them. */
    ph__tls_records_per_write = 16
};

/* A record that waits to be written. */
struct ph__tls_record {
    uint32_t end;   /* in the output */
    uint32_t bytes; /* of the caller's that it holds */
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
    struct ph__buffer output;                                 /* records, to be written together */
    size_t output_sent;                                       /* bytes of it that have left */
    struct ph__tls_record records[ph__tls_records_per_write]; /* those that hold caller's bytes */
    size_t record_count;
    size_t record_first; /* that has not left whole */
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
