/* SPDX-License-Identifier: MIT */
/* What a handshake agreed on: the object behind ph_tls_info. */
#include "transport/tls_info.h"

#include "base/allocator.h"
#include "transport/certificate.h"

/* Chains beyond this are cut: they come from a stranger. */
enum {
    chain_max = 16
};

static bool read_certificate(const ph_allocator *allocator, const X509 *x509,
                             ph_certificate *certificate)
{
    *certificate = (ph_certificate){
        .subject = ph__certificate_subject(allocator, x509),
        .issuer = ph__certificate_issuer(allocator, x509),
        .names = ph__certificate_names(allocator, x509),
        .not_before = ph__certificate_time(X509_get0_notBefore(x509)),
        .not_after = ph__certificate_time(X509_get0_notAfter(x509)),
        .sha256 = ph__certificate_sha256(allocator, x509),
    };
    return certificate->subject && certificate->issuer && certificate->names && certificate->sha256;
}

static bool read_chain(const ph_allocator *allocator, SSL *ssl, ph_tls_info *info)
{
    STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl); /* for a client it has the leaf, too */
    const int sent = sk_X509_num(chain);
    const size_t count = sent < 0 ? 0 : sent > chain_max ? chain_max : (size_t)sent;
    if (count == 0)
        return true;
    ph_certificate *certificates = ph__allocate(allocator, count * sizeof(ph_certificate));
    if (!certificates)
        return false;
    info->chain = certificates;
    for (size_t i = 0; i < count; i++) {
        info->chain_length = i + 1;
        if (!read_certificate(allocator, sk_X509_value(chain, (int)i), &certificates[i]))
            return false;
    }
    return true;
}

ph_tls_info *ph__tls_info_new(const ph_allocator *allocator, SSL *ssl, const char *hostname)
{
    ph_tls_info *info = ph__allocate(allocator, sizeof *info);
    if (!info)
        return NULL;
    const long code = SSL_get_verify_result(ssl);
    info->version = SSL_get_version(ssl);
    info->cipher = SSL_get_cipher_name(ssl);
    info->hostname = ph__duplicate(allocator, hostname);
    info->by_kernel = BIO_get_ktls_send(SSL_get_wbio(ssl));
    info->resumed = SSL_session_reused(ssl) == 1;
    info->verified = code == X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    info->verify_error = code == X509_V_OK ? NULL : X509_verify_cert_error_string(code);
    if (info->hostname && read_chain(allocator, ssl, info))
        return info;
    ph__tls_info_free(allocator, info);
    return NULL;
}

/* The view shows strings as const; they are the object's own. */
static void release(const ph_allocator *allocator, const char *text)
{
    ph__release(allocator, (void *)(uintptr_t)text);
}

void ph__tls_info_free(const ph_allocator *allocator, ph_tls_info *info)
{
    if (!info)
        return;
    for (size_t i = 0; i < info->chain_length; i++) {
        release(allocator, info->chain[i].subject);
        release(allocator, info->chain[i].issuer);
        release(allocator, info->chain[i].names);
        release(allocator, info->chain[i].sha256);
    }
    ph__release(allocator, (void *)(uintptr_t)info->chain);
    release(allocator, info->hostname);
    ph__release(allocator, info);
}
