/* SPDX-License-Identifier: MIT */
/* What is to be read in a certificate, as text. */
#ifndef PH_TRANSPORT_CERTIFICATE_H
#define PH_TRANSPORT_CERTIFICATE_H

#include <stdint.h>

#include <openssl/x509.h>

#include <posthaste/allocator.h>
#include <posthaste/error.h>

/** Each returns text that ph__release takes, or NULL without memory. Control bytes are escaped. */
char *ph__certificate_subject(const ph_allocator *allocator, const X509 *certificate);
char *ph__certificate_issuer(const ph_allocator *allocator, const X509 *certificate);

/** The DNS names and IP addresses, ", " between. A common name is none of them (RFC 9525). */
char *ph__certificate_names(const ph_allocator *allocator, const X509 *certificate);

/** The SHA-256 fingerprint in hexadecimal digits. */
char *ph__certificate_sha256(const ph_allocator *allocator, const X509 *certificate);

/** @return seconds since 1970-01-01 UTC */
int64_t ph__certificate_time(const ASN1_TIME *time);

#endif
