/* SPDX-License-Identifier: MIT */
/* Certificates that tests make as they run: no file, no clock, no program. */
#ifndef TESTS_UNIT_TRANSPORT_MADE_CERTIFICATE_H
#define TESTS_UNIT_TRANSPORT_MADE_CERTIFICATE_H

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct made_certificate {
    X509 *x509;
    EVP_PKEY *key;
};

/**
 * Makes a certificate that is its own issuer, valid from 2020 to 2090. To be changed, then signed.
 * @param alternatives  as openssl.cnf has them ("DNS:localhost,IP:::1"), or NULL
 */
void made_certificate_init(struct made_certificate *made, const char *common_name,
                           const char *alternatives);
void made_certificate_sign(struct made_certificate *made);
void made_certificate_release(struct made_certificate *made);

/** Writes the certificate, its key, or both. @param path  a template for mkstemp; receives the name
 */
void made_certificate_write(const struct made_certificate *made, bool with_certificate,
                            bool with_key, char *path);

/** Writes the key alone, encrypted. */
void made_certificate_write_encrypted(const struct made_certificate *made, const char *password,
                                      char *path);

#endif
