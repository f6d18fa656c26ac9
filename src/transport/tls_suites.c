/* SPDX-License-Identifier: MIT */
/*
 * Most servers take the first suite that they know. OpenSSL names AES-256 first wherever it runs;
 * AES-128 is no less safe for a connection's life, is what every TLS 1.3 server must have (RFC 8446
 * section 9.1), and takes a tenth less time. Without AES instructions ChaCha20 is several times as
 * fast as either.
 */
#include "transport/tls_suites.h"

#include <string.h>

#if defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

enum ph__aes ph__aes_is_computed(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul") ? PH__AES_BY_PROCESSOR
                                                                             : PH__AES_BY_SOFTWARE;
#elif defined(__aarch64__) && defined(__linux__)
    const unsigned long wanted = HWCAP_AES | HWCAP_PMULL;
    return (getauxval(AT_HWCAP) & wanted) == wanted ? PH__AES_BY_PROCESSOR : PH__AES_BY_SOFTWARE;
#else
    return PH__AES_UNKNOWN;
#endif
}

static const char openssl_order[] =
    "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256";
static const char with_instructions[] =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
static const char without_instructions[] =
    "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";

static bool offers_in_order(SSL_CTX *ctx, const char *order)
{
    const STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    const char *rest = order;
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        if (strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") != 0)
            continue;
        const char *name = SSL_CIPHER_standard_name(cipher);
        const size_t n = strlen(name);
        if (strncmp(rest, name, n) != 0 || (rest[n] != ':' && rest[n] != '\0'))
            return false;
        rest += n + (rest[n] == ':');
    }
    return *rest == '\0';
}

bool ph__tls_order_suites(SSL_CTX *ctx, enum ph__aes aes)
{
    if (aes == PH__AES_UNKNOWN || !offers_in_order(ctx, openssl_order))
        return true;
    return SSL_CTX_set_ciphersuites(ctx, aes == PH__AES_BY_PROCESSOR ? with_instructions
                                                                     : without_instructions) == 1;
}
