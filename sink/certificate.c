/* SPDX-License-Identifier: MIT */
/* The sink's TLS context, with the given certificate or one that it makes for itself. */
#include "sink/certificate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "sink/rules.h"

enum {
    lifetime_days = 30,
    read_ahead_size = 64 * 1024
};

static bool add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

/* What it is good for: itself alone. Strict verifiers want all of it (RFC 5280 section 4.2). */
static bool add_extensions(X509 *certificate)
{
    static const struct {
        int nid;
        const char *value;
    } extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
        {NID_key_usage, "critical,digitalSignature,keyCertSign"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
        {NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1"},
    };
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        if (!add_extension(certificate, extensions[i].nid, extensions[i].value))
            return false;
    }
    return true;
}

static bool describe(X509 *certificate, EVP_PKEY *key)
{
    static const unsigned char name[] = "posthaste sink";
    X509_NAME *subject = X509_get_subject_name(certificate);
    uint64_t serial;
    return RAND_bytes((unsigned char *)&serial, sizeof serial) == 1 &&
           X509_set_version(certificate, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * lifetime_days) &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           X509_set_pubkey(certificate, key) == 1 && add_extensions(certificate) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* Self-signed, for this machine alone and for a month: whoever wants to trust it, has --cert-out.
 */
static bool make_own(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    const bool is_made = key && certificate && describe(certificate, key) &&
                         SSL_CTX_use_certificate(ctx, certificate) == 1 &&
                         SSL_CTX_use_PrivateKey(ctx, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return is_made;
}

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text ? text : "it cannot be read";
}

static bool load(SSL_CTX *ctx, const struct ph_sink_options *options, FILE *err)
{
    const char *key = options->tls_key ? options->tls_key : options->tls_cert;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, options->tls_cert) != 1) {
        (void)fprintf(err, "posthaste sink: --tls-cert %s: %s\n", options->tls_cert, reason());
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        (void)fprintf(err, "posthaste sink: --tls-key %s: %s\n", key, reason());
        return false;
    }
    return true;
}

static bool write_certificate(const SSL_CTX *ctx, const char *path, FILE *err)
{
    FILE *file = fopen(path, "w");
    bool is_written = file && PEM_write_X509(file, SSL_CTX_get0_certificate(ctx)) == 1;
    if (file && fclose(file) != 0)
        is_written = false;
    if (!is_written)
        (void)fprintf(err, "posthaste sink: --cert-out %s: %s\n", path, strerror(errno));
    return is_written;
}

/* Few and large reads; a connection that idles keeps no buffers. */
static void set_up(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, read_ahead_size);
}

int sink_certificate_context(const struct ph_sink_options *options, SSL_CTX **out, FILE *err)
{
    *out = NULL;
    if (!options->tls && !sink_rules_offer(options, "STARTTLS"))
        return 0;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int code = 0;
    if (!ctx || (!options->tls_cert && !make_own(ctx))) {
        (void)fprintf(err, "posthaste sink: cannot make a certificate: %s\n", reason());
        code = 78;
    } else if (options->tls_cert && !load(ctx, options, err)) {
        code = 78;
    } else if (options->cert_out && !write_certificate(ctx, options->cert_out, err)) {
        code = 73;
    }
    if (code != 0) {
        SSL_CTX_free(ctx);
        return code;
    }
    set_up(ctx);
    *out = ctx;
    return 0;
}
