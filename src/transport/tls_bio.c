/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's way to the stream below: no call of it blocks or raises SIGPIPE.
 *
 * How keys are given to the kernel is between OpenSSL and its own BIO for sockets; the commands are
 * not public. So there is one on the socket, which is asked whatever the BIO for writing is asked
 * and does not know. It writes only what must be told to the kernel as something else than content.
 * Reading stays with OpenSSL, whose BIO for reading knows nothing of all this: only there are
 * session tickets, alerts and new keys of the server taken in.
 */
#include "transport/tls_bio.h"

#include <string.h>

#include "transport/kernel_tls.h"
#include "transport/socket_stream.h"

static int bio_outcome(BIO *bio, struct ph__tls_stream *tls, enum ph__io io, size_t n)
{
    switch (io) {
    case PH__IO_DONE:
        return (int)n;
    case PH__IO_WANT_READ:
        BIO_set_retry_read(bio);
        return -1;
    case PH__IO_WANT_WRITE:
        BIO_set_retry_write(bio);
        return -1;
    case PH__IO_END:
        tls->plain_ended = true;
        return 0;
    case PH__IO_FAILED:
        tls->plain_failed = true;
        return -1;
    }
    return -1;
}

void ph__tls_keep_first_bytes(struct ph__tls_stream *tls, const char *bytes, size_t n)
{
    const size_t room = ph__tls_first_bytes - tls->first_count;
    const size_t taken = n < room ? n : room;
    memcpy(tls->first_bytes + tls->first_count, bytes, taken);
    tls->first_count += taken;
}

static int bio_read(BIO *bio, char *buffer, int size)
{
    struct ph__tls_stream *tls = BIO_get_data(bio);
    size_t n = 0;
    BIO_clear_retry_flags(bio);
    const enum ph__io io =
        tls->plain->functions->read(tls->plain, buffer, (size_t)size, &n, tls->error);
    if (io == PH__IO_DONE && !tls->is_shaken)
        ph__tls_keep_first_bytes(tls, buffer, n);
    return bio_outcome(bio, tls, io, n);
}

/* Keeps records to be written together. What OpenSSL says out of turn (an alert, a key update) must
 * not overtake them. */
static int gather_output(BIO *bio, struct ph__tls_stream *tls, const char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    if (ph__buffer_append(&tls->output, bytes, (size_t)size) == PH_OK)
        return size;
    (void)ph__error_set(tls->error, PH_ERR_NO_MEMORY, PH_PHASE_NONE, "out of memory");
    tls->plain_failed = true;
    return -1;
}

/* What TLS itself says behind the keys of the kernel: the end of a handshake, an alert. */
static int write_by_kernel(BIO *bio, struct ph__tls_stream *tls, const char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    const int written = ph__kernel_tls_write(tls->socket, bytes, size);
    if (written > 0)
        return bio_outcome(bio, tls, PH__IO_DONE, (size_t)written);
    if (BIO_should_retry(tls->socket))
        return bio_outcome(bio, tls, PH__IO_WANT_WRITE, 0);
    return bio_outcome(bio, tls, ph__socket_lost(tls->error), 0);
}

static int bio_write(BIO *bio, const char *bytes, int size)
{
    struct ph__tls_stream *tls = BIO_get_data(bio);
    if (ph__tls_bio_is_kernels(tls))
        return write_by_kernel(bio, tls, bytes, size);
    if (tls->gathers_output || tls->output.length > 0)
        return gather_output(bio, tls, bytes, size);
    const struct ph__slice slice = {.bytes = (const uint8_t *)bytes, .length = (size_t)size};
    size_t n = 0;
    BIO_clear_retry_flags(bio);
    const enum ph__io io = tls->plain->functions->write(tls->plain, &slice, 1, &n, tls->error);
    return bio_outcome(bio, tls, io, n);
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const struct ph__tls_stream *tls = BIO_get_data(bio);
    if (command == BIO_CTRL_FLUSH)
        return 1;
    if (command == BIO_CTRL_EOF)
        return tls->plain_ended;
    if (!tls->socket || bio == SSL_get_rbio(tls->ssl))
        return 0;
    return BIO_ctrl(tls->socket, command, number, pointer);
}

static bool make_method(struct ph__tls_stream *tls)
{
    tls->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "posthaste stream");
    return tls->method && BIO_meth_set_read(tls->method, bio_read) == 1 &&
           BIO_meth_set_write(tls->method, bio_write) == 1 &&
           BIO_meth_set_ctrl(tls->method, bio_ctrl) == 1;
}

static BIO *new_bio(struct ph__tls_stream *tls)
{
    BIO *bio = BIO_new(tls->method);
    if (!bio)
        return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

/* @return false without memory */
static bool offer_kernel(struct ph__tls_stream *tls)
{
    if ((SSL_get_options(tls->ssl) & SSL_OP_ENABLE_KTLS) == 0 ||
        !tls->plain->functions->is_socket || !ph__kernel_tls_prepare(tls->plain->fd))
        return true;
    BIO *writing = new_bio(tls);
    if (!writing)
        return false;
    SSL_set0_wbio(tls->ssl, writing);
    tls->socket = BIO_new_socket(tls->plain->fd, BIO_NOCLOSE);
    return tls->socket != NULL;
}

bool ph__tls_bio_attach(struct ph__tls_stream *tls)
{
    BIO *bio = make_method(tls) ? new_bio(tls) : NULL;
    if (!bio)
        return false;
    SSL_set_bio(tls->ssl, bio, bio);
    return offer_kernel(tls);
}

bool ph__tls_bio_is_kernels(const struct ph__tls_stream *tls)
{
    return tls->socket && BIO_get_ktls_send(tls->socket);
}

void ph__tls_bio_settle(struct ph__tls_stream *tls)
{
    if (ph__tls_bio_is_kernels(tls))
        return;
    BIO_free(tls->socket);
    tls->socket = NULL;
}
