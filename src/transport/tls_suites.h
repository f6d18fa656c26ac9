/* SPDX-License-Identifier: MIT */
/* In which order the cipher suites of TLS 1.3 are offered. */
#ifndef PH_TRANSPORT_TLS_SUITES_H
#define PH_TRANSPORT_TLS_SUITES_H

#include <stdbool.h>

#include <openssl/ssl.h>

/** Who computes AES. */
enum ph__aes {
    PH__AES_UNKNOWN,
    PH__AES_BY_PROCESSOR,
    PH__AES_BY_SOFTWARE
};

/** Asks the processor. */
enum ph__aes ph__aes_is_computed(void);

/**
 * Offers the suites in the order of their speed where OpenSSL's own order stands: another one was
 * chosen by whoever configured the system, and stays. (OpenSSL's own, if it was chosen, cannot be
 * told from one that was not.) None is added or taken away.
 * @return false without memory
 */
bool ph__tls_order_suites(SSL_CTX *ctx, enum ph__aes aes);

#endif
