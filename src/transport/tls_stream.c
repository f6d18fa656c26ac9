/* SPDX-License-Identifier: MIT */
/*
 * TLS (OpenSSL) over another stream, which OpenSSL reaches by tls_bio.c. Where the kernel has the
 * keys, what is sent does not pass through OpenSSL any more.
 */
#include "transport/tls_stream.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/allocator.h"
#include "base/secure_wipe.h"
#include "transport/host_name.h"
#include "transport/kernel_tls.h"
#include "transport/tls_bio.h"
#include "transport/tls_info.h"
#include "transport/tls_state.h"

enum {
    record_size = 16 * 1024,
    output_max = ph__tls_records_per_write * (record_size + 512)
};

static struct ph__tls_stream *of(struct ph__stream *stream)
{
    return (struct ph__tls_stream *)stream;
}

/* ---- Outcomes -------------------------------------------------------------------------------- */

/* OpenSSL reads no more than the header of a record that is none; the rest tells a person what it
 * really was. */
static void read_more_first_bytes(struct ph__tls_stream *tls)
{
    char bytes[ph__tls_first_bytes];
    size_t n = 0;
    if (tls->plain->functions->read(tls->plain, bytes, sizeof bytes, &n, tls->error) == PH__IO_DONE)
        ph__tls_keep_first_bytes(tls, bytes, n);
}

static enum ph__io fail(struct ph__tls_stream *tls, struct ph__error *error)
{
    const unsigned long code = ERR_peek_error();
    tls->has_failed = true;
    /* It has said why; unless the end came first, and only OpenSSL's alert on it failed. */
    if (tls->plain_failed && !tls->plain_ended) {
        ERR_clear_error();
        return PH__IO_FAILED;
    }
    const char *reason = ERR_reason_error_string(code);
    if (!tls->is_shaken) {
        read_more_first_bytes(tls);
        ph__tls_explain_handshake(tls, code, error);
    } else if (tls->plain_ended)
        (void)ph__error_set(error, PH_ERR_CLOSED, PH_PHASE_NONE,
                            "the connection was closed without an end of TLS");
    else
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_NONE, "TLS failed: %s",
                            reason ? reason : "for no reason that OpenSSL would give");
    ERR_clear_error();
    return PH__IO_FAILED;
}

static enum ph__io outcome(struct ph__tls_stream *tls, int result, struct ph__error *error)
{
    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_NONE:
        return PH__IO_DONE;
    case SSL_ERROR_WANT_READ:
        return PH__IO_WANT_READ;
    case SSL_ERROR_WANT_WRITE:
        return PH__IO_WANT_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return PH__IO_END;
    default:
        return fail(tls, error);
    }
}

static void begin_call(struct ph__tls_stream *tls, struct ph__error *error)
{
    ERR_clear_error(); /* SSL_get_error looks at the thread's queue */
    tls->error = error;
}

/* ---- The stream ------------------------------------------------------------------------------ */

static enum ph__io tls_read(struct ph__stream *stream, void *buffer, size_t size, size_t *n,
                            struct ph__error *error)
{
    struct ph__tls_stream *tls = of(stream);
    begin_call(tls, error);
    return outcome(tls, SSL_read_ex(tls->ssl, buffer, size, n), error);
}

/* Where a walk over slices stands. */
struct walk {
    const struct ph__slice *slices;
    size_t count;
    size_t first; /* the slice that is next */
    size_t used;  /* bytes of it */
};

static void advance(struct walk *walk, size_t n)
{
    walk->used += n;
    while (walk->first < walk->count && walk->used >= walk->slices[walk->first].length) {
        walk->used -= walk->slices[walk->first].length;
        walk->first++;
    }
}

/* Joins slices in one record; a command and its neighbours must not leave as many. */
static size_t fill_record(uint8_t *record, struct walk walk)
{
    size_t length = 0;
    while (walk.first < walk.count && length < record_size) {
        const struct ph__slice *slice = &walk.slices[walk.first];
        const size_t rest = slice->length - walk.used;
        const size_t room = record_size - length;
        const size_t taken = rest < room ? rest : room;
        memcpy(record + length, slice->bytes + walk.used, taken);
        length += taken;
        advance(&walk, taken);
    }
    return length;
}

static int encrypt_joined(struct ph__tls_stream *tls, const struct walk *walk, size_t *n)
{
    uint8_t record[record_size];
    const size_t length = fill_record(record, *walk);
    const int result = SSL_write_ex(tls->ssl, record, length, n);
    ph__wipe(record, length); /* it may hold a password */
    return result;
}

/* One record, which holds fewer bytes than there are where smaller ones were agreed on. What lies
 * in one slice is encrypted from where it is. */
static int encrypt_record(struct ph__tls_stream *tls, const struct walk *walk, size_t *n)
{
    const struct ph__slice *slice = &walk->slices[walk->first];
    if (slice->length - walk->used < record_size)
        return encrypt_joined(tls, walk, n);
    return SSL_write_ex(tls->ssl, slice->bytes + walk->used, record_size, n);
}

/* Encrypts as many records as leave in one write: full ones, but for the last. */
static enum ph__io encrypt(struct ph__tls_stream *tls, const struct ph__slice *slices, size_t count,
                           struct ph__error *error)
{
    struct walk walk = {.slices = slices, .count = count};
    int result = 1;
    tls->gathers_output = true;
    while (tls->record_count < ph__tls_records_per_write && walk.first < count && result == 1) {
        size_t n = 0;
        result = encrypt_record(tls, &walk, &n);
        if (n > 0)
            tls->records[tls->record_count++] =
                (struct ph__tls_record){.end = tls->output.length, .bytes = (uint32_t)n};
        advance(&walk, n);
    }
    tls->gathers_output = false;
    return result == 1 ? PH__IO_DONE : outcome(tls, result, error);
}

static enum ph__io flush(struct ph__tls_stream *tls, struct ph__error *error)
{
    while (tls->output_sent < tls->output.length) {
        const struct ph__slice slice = {.bytes = tls->output.bytes + tls->output_sent,
                                        .length = tls->output.length - tls->output_sent};
        size_t n = 0;
        const enum ph__io io = tls->plain->functions->write(tls->plain, &slice, 1, &n, error);
        if (io == PH__IO_FAILED)
            tls->has_failed = true;
        if (io != PH__IO_DONE)
            return io;
        tls->output_sent += n;
    }
    return PH__IO_DONE;
}

static void forget_output(struct ph__tls_stream *tls)
{
    ph__buffer_truncate(&tls->output, 0);
    tls->output_sent = 0;
}

/* What OpenSSL answered while records waited stands behind them, and must have left, too: what was
 * sent of it takes room. */
static enum ph__io encrypt_next(struct ph__tls_stream *tls, const struct ph__slice *slices,
                                size_t count, struct ph__error *error)
{
    const enum ph__io io = flush(tls, error);
    if (io != PH__IO_DONE)
        return io;
    forget_output(tls);
    return encrypt(tls, slices, count, error);
}

/* @return how many of the caller's bytes are in records that have left whole since the last call */
static size_t count_left(struct ph__tls_stream *tls)
{
    size_t n = 0;
    while (tls->record_first < tls->record_count &&
           tls->records[tls->record_first].end <= tls->output_sent)
        n += tls->records[tls->record_first++].bytes;
    if (tls->record_first == tls->record_count)
        tls->record_first = tls->record_count = 0;
    return n;
}

/* Bytes that were encrypted count as taken when their record has left: until then the caller offers
 * them again (stream.h), and nothing is encrypted twice. They count when it has left, and not with
 * the last of its neighbours: the server may answer what it has, and what was not taken cannot have
 * been answered. */
static enum ph__io tls_write(struct ph__stream *stream, const struct ph__slice *slices,
                             size_t count, size_t *n, struct ph__error *error)
{
    struct ph__tls_stream *tls = of(stream);
    begin_call(tls, error);
    enum ph__io io = PH__IO_DONE;
    if (tls->record_count == 0)
        io = encrypt_next(tls, slices, count, error);
    if (io != PH__IO_DONE)
        return io;
    io = flush(tls, error);
    *n = count_left(tls);
    if (io == PH__IO_DONE)
        forget_output(tls);
    if (*n == 0)
        return io;
    if (io == PH__IO_FAILED)
        ph__error_clear(error); /* the next write fails again, and says why */
    return PH__IO_DONE;
}

/* OpenSSL cannot give the kernel new keys, and those that it was asked for must come before
 * anything else (RFC 8446 section 4.6.3). What it has yet to say in answer to the server comes
 * first, too. */
static enum ph__io give_way(struct ph__tls_stream *tls, struct ph__error *error)
{
    begin_call(tls, error);
    if (SSL_get_key_update_type(tls->ssl) != SSL_KEY_UPDATE_NONE) {
        (void)ph__error_set(error, PH_ERR_TLS, PH_PHASE_NONE,
                            "the server asks for new keys, which cannot be given to the kernel; "
                            "switch kernel TLS off for it");
        return PH__IO_FAILED;
    }
    if (SSL_in_init(tls->ssl))
        return outcome(tls, SSL_do_handshake(tls->ssl), error);
    return PH__IO_DONE;
}

static enum ph__io kernel_outcome(struct ph__tls_stream *tls, enum ph__io io)
{
    tls->has_failed = tls->has_failed || io == PH__IO_FAILED;
    return io;
}

static enum ph__io kernel_write(struct ph__stream *stream, const struct ph__slice *slices,
                                size_t count, size_t *n, struct ph__error *error)
{
    struct ph__tls_stream *tls = of(stream);
    enum ph__io io = give_way(tls, error);
    if (io == PH__IO_DONE)
        io = tls->plain->functions->write(tls->plain, slices, count, n, error);
    return kernel_outcome(tls, io);
}

static enum ph__io kernel_send_file(struct ph__stream *stream, int fd, size_t max, size_t *n,
                                    struct ph__error *error)
{
    struct ph__tls_stream *tls = of(stream);
    enum ph__io io = give_way(tls, error);
    if (io == PH__IO_DONE)
        io = tls->plain->functions->send_file(tls->plain, fd, max, n, error);
    return kernel_outcome(tls, io);
}

static bool tls_has_pending(const struct ph__stream *stream)
{
    const struct ph__tls_stream *tls = (const struct ph__tls_stream *)stream;
    return SSL_has_pending(tls->ssl) == 1;
}

/* Frees all but the stream below. */
static void release(struct ph__tls_stream *tls)
{
    SSL_free(tls->ssl);
    BIO_free(tls->socket);
    BIO_meth_free(tls->method);
    X509_free(tls->refused);
    X509_free(tls->culprit);
    ph__buffer_release(&tls->output);
    ph__release(tls->allocator, tls->hostname);
    ph__release(tls->allocator, tls);
}

static void tls_close(struct ph__stream *stream)
{
    struct ph__tls_stream *tls = of(stream);
    struct ph__stream *plain = tls->plain;
    struct ph__error ignored;
    ph__error_init(&ignored, tls->allocator);
    begin_call(tls, &ignored);
    if (tls->is_shaken && !tls->has_failed && tls->output.length == 0)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    ph__error_release(&ignored);
    release(tls);
    plain->functions->close(plain);
}

static const struct ph__stream_functions functions = {
    .read = tls_read,
    .write = tls_write,
    .has_pending = tls_has_pending,
    .close = tls_close,
};

static void kernel_close(struct ph__stream *stream)
{
    ph__kernel_tls_close(stream, tls_close);
}

static const struct ph__stream_functions kernel_functions = {
    .read = tls_read,
    .write = kernel_write,
    .has_pending = tls_has_pending,
    .send_file = kernel_send_file,
    .close = kernel_close,
};

/* ---- Verification ---------------------------------------------------------------------------- */

/* Notes what is refused; OpenSSL frees the chain before the handshake's failure is told. */
static int note_refusal(int is_good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct ph__tls_stream *tls = SSL_get_app_data(ssl);
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    X509 *culprit = X509_STORE_CTX_get_current_cert(store);
    if (is_good || tls->refused)
        return is_good;
    tls->verify_code = X509_STORE_CTX_get_error(store);
    if (leaf && X509_up_ref(leaf) == 1)
        tls->refused = leaf;
    if (culprit && X509_up_ref(culprit) == 1)
        tls->culprit = culprit;
    return is_good;
}

static bool expect_name(struct ph__tls_stream *tls)
{
    X509_VERIFY_PARAM *expected = SSL_get0_param(tls->ssl);
    /* A common name is no host name any more (RFC 9525 section 2). */
    X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                  X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (ph__host_is_ip(tls->hostname))
        return X509_VERIFY_PARAM_set1_ip_asc(expected, tls->hostname) == 1;
    return SSL_set_tlsext_host_name(tls->ssl, tls->hostname) == 1 &&
           X509_VERIFY_PARAM_set1_host(expected, tls->hostname, 0) == 1;
}

/* ---- Making ---------------------------------------------------------------------------------- */

/* With TLS 1.3 sessions come behind the handshake, along with what the server says. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
    struct ph__tls_stream *tls = SSL_get_app_data(ssl);
    ph__tls_sessions_keep(ph__tls_config_sessions(tls->config), tls->hostname, session);
    return 1; /* taken over */
}

static bool set_up(struct ph__tls_stream *tls, SSL_CTX *ctx)
{
    tls->ssl = SSL_new(ctx);
    if (!tls->ssl || !ph__tls_bio_attach(tls))
        return false;
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_connect_state(tls->ssl);
    (void)SSL_set_mode(tls->ssl,
                       SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* A caller's own context decides on its own verification. */
    if (!ph__tls_config_is_callers(tls->config)) {
        SSL_set_verify(tls->ssl, SSL_CTX_get_verify_mode(ctx), note_refusal);
        SSL_CTX_sess_set_new_cb(ctx, keep_session);
        ph__tls_sessions_use(ph__tls_config_sessions(tls->config), tls->hostname, tls->ssl);
    }
    return expect_name(tls);
}

/* Certificates and SNI know neither a root dot nor the zone of an address. */
static void to_certificate_form(char *hostname)
{
    const size_t n = strlen(hostname);
    if (n > 1 && hostname[n - 1] == '.')
        hostname[n - 1] = '\0';
    if (ph__host_is_ip(hostname))
        hostname[strcspn(hostname, "%")] = '\0';
}

static int make(struct ph__tls_stream *tls, ph_tls_config *config, const char *hostname,
                struct ph__error *error)
{
    SSL_CTX *ctx;
    int status = ph__host_to_ascii(tls->allocator, hostname, &tls->hostname, error);
    if (status != PH_OK)
        return status;
    to_certificate_form(tls->hostname);
    status = ph__tls_config_context(config, &ctx, error);
    if (status != PH_OK)
        return status;
    if (!set_up(tls, ctx))
        status = ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_TLS, "out of memory");
    SSL_CTX_free(ctx);
    return status;
}

int ph__tls_stream_new(const ph_allocator *allocator, struct ph__stream *plain,
                       ph_tls_config *config, const char *hostname, struct ph__stream **out,
                       struct ph__error *error)
{
    *out = NULL;
    struct ph__tls_stream *tls = ph__allocate(allocator, sizeof *tls);
    if (!tls)
        return ph__error_set(error, PH_ERR_NO_MEMORY, PH_PHASE_TLS, "out of memory");
    tls->stream = (struct ph__stream){.functions = &functions, .fd = plain->fd};
    tls->allocator = allocator;
    tls->config = config;
    tls->plain = plain;
    ph__buffer_init(&tls->output, allocator, output_max);
    const int status = make(tls, config, hostname, error);
    if (status != PH_OK) {
        release(tls);
        return status;
    }
    *out = &tls->stream;
    return PH_OK;
}

static void settle(struct ph__tls_stream *tls)
{
    ph__tls_bio_settle(tls);
    if (tls->socket)
        tls->stream.functions = &kernel_functions;
}

enum ph__io ph__tls_stream_handshake(struct ph__stream *stream, struct ph__error *error)
{
    struct ph__tls_stream *tls = of(stream);
    begin_call(tls, error);
    const enum ph__io io = outcome(tls, SSL_do_handshake(tls->ssl), error);
    tls->is_shaken = io == PH__IO_DONE;
    if (tls->is_shaken)
        settle(tls);
    return io == PH__IO_END ? fail(tls, error) : io;
}

int ph__tls_stream_info(struct ph__stream *stream, ph_tls_info **out)
{
    const struct ph__tls_stream *tls = of(stream);
    *out = ph__tls_info_new(tls->allocator, tls->ssl, tls->hostname);
    return *out ? PH_OK : PH_ERR_NO_MEMORY;
}
