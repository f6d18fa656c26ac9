/* SPDX-License-Identifier: MIT */
/* TLS of the raw writer: OpenSSL as it is, a record a write. */
#include "raw_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "job.h"
#include "job_tls.h"

/* The name stands for OpenSSL's own. */
static SSL *ssl_of(struct raw_tls *tls)
{
    return (SSL *)tls;
}

struct raw_tls *raw_tls_connect(int fd, const char *cafile)
{
    SSL_CTX *ctx = job_tls_context(cafile);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL *ssl = SSL_new(ctx);
    if (!ssl || SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
        job_fail("TLS", ERR_reason_error_string(ERR_peek_error()));
    SSL_CTX_free(ctx);
    return (struct raw_tls *)ssl;
}

void raw_tls_free(struct raw_tls *tls)
{
    SSL_free(ssl_of(tls));
}

ssize_t raw_tls_read(struct raw_tls *tls, char *room, size_t size)
{
    return SSL_read(ssl_of(tls), room, (int)size);
}

ssize_t raw_tls_write(struct raw_tls *tls, const char *bytes, size_t n)
{
    return SSL_write(ssl_of(tls), bytes, (int)n);
}
